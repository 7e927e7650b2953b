import { GraphError } from "../errors.js";
import { apply } from "../graph/apply.js";
import { Graph, type Value } from "../graph/graph.js";
import { inputNames, isUpdated } from "../graph/op.js";
import { isArenaValue } from "../graph/uses.js";
import type { DType, Shape, TypedArray } from "../graph/types.js";
import { opRegistry } from "../ops/registry.js";
import { Store, type StoredArray } from "./store.js";

/** An input of `eager`; the number type follows from the array unless it is given. */
export interface EagerInput {
  readonly shape: Shape;
  readonly data: TypedArray;
  readonly dtype?: DType;
}

const dtypeOf = (data: TypedArray): DType => {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint32Array) return "u32";
  return data instanceof Uint8Array ? "u8" : "bf16";
};

/**
 * Runs one op on arrays, as a plan of one node: `(await eager("matmul", [a, b]))[0]`. Inputs that the op
 * updates are returned updated. Without `store`, opens one for this call.
 *
 * Throws OP_UNKNOWN for an op that is not in the registry, SHAPE, DTYPE or ATTRIBUTE for inputs and constants
 * that do not fit it, FEED for an index out of range, DEVICE where no Store can be opened, DISPOSED for one
 * that is closed.
 */
export const eager = async (
  op: string,
  inputs: readonly EagerInput[],
  attrs: Readonly<Record<string, unknown>> = {},
  { store }: { readonly store?: Store } = {},
): Promise<StoredArray[]> => {
  const owner = store ?? Store.open();
  try {
    return await runOnce(op, inputs, attrs, owner);
  } finally {
    if (store === undefined) await owner.dispose();
  }
};

const runOnce = async (
  name: string,
  inputs: readonly EagerInput[],
  attrs: Readonly<Record<string, unknown>>,
  store: Store,
): Promise<StoredArray[]> => {
  const row = opRegistry.get(name);
  const expected = "an op of the registry";
  if (row === undefined)
    throw new GraphError("OP_UNKNOWN", { op: "eager", node: name, what: "op", expected, got: `'${name}'` });
  const graph = new Graph(`eager.${name}`);
  const names = inputNames(row, inputs.length);
  if (inputs.length !== names.length)
    throw new GraphError("SHAPE", {
      op: name,
      node: "eager",
      what: "inputs",
      expected: `${names.length} (${names.join(", ")})`,
      got: String(inputs.length),
    });
  const prefix = `eager.${name}.`;
  const values = inputs.map(({ shape, data, dtype = dtypeOf(data) }, index) =>
    isUpdated(row, index)
      ? graph.parameter(prefix + names[index], shape, dtype)
      : graph.input(prefix + names[index], shape, dtype),
  );
  const stored = values.filter((value) => value.origin.kind === "store");
  for (const value of stored)
    await store.write(value.name, value.shape, value.dtype, inputs[values.indexOf(value)]!.data);
  const named = Object.fromEntries(names.map((input, index) => [input, values[index] as Value]));
  const outputs = Object.values(apply(row, named, attrs as never, { graph, name }));
  const effects = outputs.filter((output) => !isArenaValue(output));
  const program = await store.compile(graph, { taps: outputs, effects });
  try {
    const feeds = Object.fromEntries(values.map((value, index) => [value.name, inputs[index]!.data]));
    const results = await program.step(feeds);
    return outputs.map(({ shape, dtype, name: output }) => ({
      shape,
      dtype,
      data: results[output] as TypedArray,
    }));
  } finally {
    await program.dispose();
    for (const value of stored) await store.remove(value.name);
  }
};
