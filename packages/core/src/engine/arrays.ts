import { GraphError } from "../errors.js";
import { roundToBfloat16 } from "../ops/cast.js";
import { elementCount, type DType, type TensorType, type TypedArray } from "../graph/types.js";

const arrayNames: Readonly<Record<DType, string>> = {
  f32: "Float32Array",
  i32: "Int32Array",
  u32: "Uint32Array",
  u8: "Uint8Array",
  bf16: "Uint16Array",
};

/** Throws DTYPE or SHAPE unless `data` is the typed array of `type` with its number of elements. */
export const checkArray = (owner: string, name: string, type: TensorType, data: unknown): TypedArray => {
  const got = data === null || typeof data !== "object" ? String(data) : data.constructor.name;
  const expected = arrayNames[type.dtype];
  if (got !== expected)
    throw new GraphError("DTYPE", { op: owner, node: name, what: "array", expected, got });
  const array = data as TypedArray;
  const count = elementCount(type.shape);
  if (array.length === count) return array;
  const [what, wanted] = ["elements", `${count} for [${type.shape.join(", ")}]`];
  throw new GraphError("SHAPE", { op: owner, node: name, what, expected: wanted, got: String(array.length) });
};

/** float64 copies for the reference; bf16 words become the numbers they stand for. */
export const toFloat64 = (dtype: DType, data: TypedArray): Float64Array => {
  if (dtype !== "bf16") return Float64Array.from(data);
  const words = Uint32Array.from(data, (word) => word << 16);
  return Float64Array.from(new Float32Array(words.buffer));
};

/** The typed array of `dtype` nearest to float64 numbers. */
export const fromFloat64 = (dtype: DType, data: Float64Array): TypedArray => {
  if (dtype === "f32") return Float32Array.from(data);
  if (dtype === "i32") return Int32Array.from(data);
  if (dtype === "u32") return Uint32Array.from(data);
  if (dtype === "u8") return Uint8Array.from(data);
  const rounded = Float32Array.from(data, roundToBfloat16);
  return Uint16Array.from(new Uint32Array(rounded.buffer), (word) => word >>> 16);
};
