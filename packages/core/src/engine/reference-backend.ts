import type { ProgramDescription } from "@dualpath/cuda-kernels";
import { GraphError } from "../errors.js";
import { interpretPlan } from "../graph/interpret.js";
import { inputNames, namedInputs } from "../graph/op.js";
import { elementCount, reservedBytes, type DType, type Plan, type TypedArray } from "../graph/types.js";
import { opRegistry } from "../ops/registry.js";
import { fromFloat64, toFloat64 } from "./arrays.js";
import type { EngineBackend, EngineProgram, EngineStore } from "./backend.js";
import { unpackScalars } from "./scalars.js";

interface Entry {
  readonly shape: readonly number[];
  readonly dtype: DType;
  data: Float64Array;
}

/**
 * A backend without native code: plans run through the float64 references in the planned arena. Thousands of times
 * slower than a kernel; for tests, for machines without the addon, and to look for the cause of a wrong number.
 */
export const referenceBackend = (): EngineBackend => ({
  kind: "cpu",
  reason: "float64 reference interpreter",
  opNames: () => [...opRegistry.keys()],
  versions: () => ({ reference: "1" }),
  precisionGap: (precision) => (precision === "tf32" ? "expected a CUDA device, got the reference" : ""),
  createStore: () => createReferenceStore(),
});

const createReferenceStore = (): EngineStore => {
  const entries = new Map<string, Entry>();
  const get = (name: string): Entry => entries.get(name) ?? missing(name);
  return {
    threads: 1,
    write: async (name, shape, dtype, data) => {
      entries.set(name, { shape: [...shape], dtype, data: toFloat64(dtype, data) });
    },
    read: async (name) => {
      const { shape, dtype, data } = get(name);
      return { shape: [...shape], dtype, data: fromFloat64(dtype, data) };
    },
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    remove: async (name) => void entries.delete(name),
    compile: async (plan) => createReferenceProgram(plan, get),
    dispose: async () => entries.clear(),
  };
};

const createReferenceProgram = (plan: Plan, get: (name: string) => Entry): EngineProgram => {
  const stored = plan.values.filter(({ place }) => place.kind === "store");
  for (const { name, shape } of stored)
    if (get(name).data.length !== elementCount(shape)) missing(name, `${elementCount(shape)} elements`);
  const run = (feeds: readonly TypedArray[], words: Float32Array | Uint8Array): TypedArray[] => {
    checkIndices(plan, feeds);
    const store = new Map(stored.map(({ name }) => [name, get(name).data]));
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    const numbers = plan.feeds.map((id, index) => toFloat64(plan.values[id]!.dtype, feeds[index]!));
    const taps = interpretPlan(plan, { feeds: numbers, scalars: unpackScalars(plan, bytes), store });
    for (const { name } of stored) get(name).data = store.get(name)!;
    return taps.map((tap, index) => fromFloat64(plan.values[plan.taps[index]!]!.dtype, tap));
  };
  return {
    step: async (feeds, scalars) => run(feeds, scalars),
    profile: async () => plan.nodes.map(({ name }) => ({ name, milliseconds: 0, reorderMilliseconds: 0 })),
    describe: () => describe(plan),
    dispose: async () => {},
  };
};

const describe = (plan: Plan): ProgramDescription => ({
  arenaBytes: plan.arenaBytes,
  scratchBytes: 0,
  storeBytes: plan.values.reduce(
    (sum, value) => sum + (value.place.kind === "store" ? reservedBytes(value) : 0),
    0,
  ),
  nodes: plan.nodes.map(({ name, op }) => ({
    name,
    op,
    kernel: "reference",
    layout: "plain",
    scratchBytes: 0,
  })),
});

/** Throws FEED when a feed holds an index that the op reading it cannot look up. */
const checkIndices = (plan: Plan, feeds: readonly TypedArray[]): void => {
  for (const node of plan.nodes) {
    const op = opRegistry.get(node.op);
    const types = node.inputs.map((id) => plan.values[id]!);
    const limits = op?.indexLimits?.(namedInputs(op, types)) ?? {};
    for (const [input, range] of Object.entries(limits)) {
      const id = node.inputs[inputNames(op!, node.inputs.length).indexOf(input)]!;
      const feed = plan.feeds.indexOf(id);
      if (feed >= 0) checkRange(node.op, node.name, plan.values[id]!.name, feeds[feed]!, range!);
    }
  }
};

const checkRange = (
  op: string,
  node: string,
  feed: string,
  data: TypedArray,
  [low, high]: readonly [number, number],
): void => {
  const position = data.findIndex((value) => value < low || value > high);
  if (position < 0) return;
  const what = `feed '${feed}'[${position}]`;
  throw new GraphError("FEED", {
    op,
    node,
    what,
    expected: `${low} to ${high}`,
    got: String(data[position]),
  });
};

const missing = (name: string, expected = "a stored value"): never => {
  throw new GraphError("STORE_MISSING", { op: "store", node: name, what: "value", expected, got: "none" });
};
