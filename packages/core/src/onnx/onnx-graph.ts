import { ProtobufWriter } from "./protobuf.js";

/** Numbers of ONNX's element types that are written here. */
const ELEMENT = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7 } as const;
export type ElementType = keyof typeof ELEMENT;

/** ONNX 1.12's operators: the newest set that needs no axes as inputs where attributes do. */
const OPERATOR_SET = 17;
const FORMAT_VERSION = 8;
const ATTRIBUTE = { float: 1, integer: 2, integers: 7 } as const;

export type AttributeValue = number | readonly number[] | { readonly float: number };

/** Axis sizes; a name stands for one that is known when the model runs. */
export type OnnxShape = readonly (number | string)[];

/** An ONNX graph as it grows. Field numbers are those of onnx.proto3. */
export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: ProtobufWriter[] = [];
  readonly #initializers: ProtobufWriter[] = [];
  readonly #inputs: ProtobufWriter[] = [];
  readonly #outputs: ProtobufWriter[] = [];
  #constants = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Appends a node and returns the name of its output. */
  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const node = new ProtobufWriter();
    for (const input of inputs) node.bytes(1, input);
    node.bytes(2, output).bytes(3, output).bytes(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.bytes(5, attributeOf(name, value));
    this.#nodes.push(node);
    return output;
  }

  /** A tensor of the model; `data` holds its little-endian bytes. */
  initializer(name: string, type: ElementType, shape: readonly number[], data: ArrayBufferView): string {
    const tensor = new ProtobufWriter();
    for (const size of shape) tensor.integer(1, size);
    tensor.integer(2, ELEMENT[type]).bytes(8, name);
    tensor.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#initializers.push(tensor);
    return name;
  }

  /** An unnamed tensor of a few numbers. */
  constant(values: readonly number[], shape: readonly number[] = []): string {
    return this.initializer(`constant${this.#constants++}`, "f32", shape, Float32Array.from(values));
  }

  /** Whole numbers, as shapes and axes are given. */
  integers(values: readonly number[]): string {
    const name = `constant${this.#constants++}`;
    return this.initializer(name, "i64", [values.length], BigInt64Array.from(values, BigInt));
  }

  input(name: string, type: ElementType, shape: OnnxShape): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: OnnxShape): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** The model file; `metadata` travels in it as text. */
  finish(metadata: Readonly<Record<string, string>>): Uint8Array {
    const graph = new ProtobufWriter();
    for (const node of this.#nodes) graph.bytes(1, node);
    graph.bytes(2, this.#name);
    for (const tensor of this.#initializers) graph.bytes(5, tensor);
    for (const input of this.#inputs) graph.bytes(11, input);
    for (const output of this.#outputs) graph.bytes(12, output);
    const operators = new ProtobufWriter().bytes(1, "").integer(2, OPERATOR_SET);
    const model = new ProtobufWriter().integer(1, FORMAT_VERSION).bytes(2, "Dualpath");
    model.bytes(7, graph).bytes(8, operators);
    for (const [key, value] of Object.entries(metadata))
      model.bytes(14, new ProtobufWriter().bytes(1, key).bytes(2, value));
    return model.finish();
  }
}

function attributeOf(name: string, value: AttributeValue): ProtobufWriter {
  const attribute = new ProtobufWriter().bytes(1, name);
  if (typeof value === "number") return attribute.integer(3, value).integer(20, ATTRIBUTE.integer);
  if ("float" in value) return attribute.float(2, value.float).integer(20, ATTRIBUTE.float);
  for (const one of value) attribute.integer(8, one);
  return attribute.integer(20, ATTRIBUTE.integers);
}

function valueInfo(name: string, type: ElementType, shape: OnnxShape): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const size of shape) {
    const dimension = new ProtobufWriter();
    dimensions.bytes(1, typeof size === "number" ? dimension.integer(1, size) : dimension.bytes(2, size));
  }
  const tensor = new ProtobufWriter().integer(1, ELEMENT[type]).bytes(2, dimensions);
  return new ProtobufWriter().bytes(1, name).bytes(2, new ProtobufWriter().bytes(1, tensor));
}
