import { GraphError } from "../errors.js";
import { roundToBfloat16 } from "../ops/cast.js";
import { opRegistry } from "../ops/registry.js";
import type { Value } from "./graph.js";
import { namedInputs, type OpRow } from "./op.js";
import { prune } from "./prune.js";
import {
  bytesPerElement,
  elementCount,
  type Attributes,
  type Plan,
  type Tensor,
  type TensorType,
} from "./types.js";

/** Numbers of feeds, parameters and scalars by name; scalars are arrays of length 1. */
export type Numbers = Readonly<Record<string, Float64Array>>;

/**
 * Computes `targets` node by node with the float64 references, in the order of making, without any pass: the oracle
 * for gradients and for the passes. Effects return new arrays and change nothing.
 */
export const evaluate = (targets: readonly Value[], numbers: Numbers): Float64Array[] => {
  const [first] = targets;
  if (first === undefined) return [];
  const known = new Map<Value, Float64Array>();
  for (const value of first.graph.boundary) {
    const data = numbers[value.name];
    if (data !== undefined) known.set(value, data);
  }
  for (const node of prune(first.graph, targets)) {
    const inputs = node.inputs.map((input) =>
      tensor(input, known.get(input) ?? missing(node.name, input.name)),
    );
    const results = runReference(node.op, inputs, node.attrs, node.outputs);
    node.outputs.forEach((output, index) => known.set(output, results[index] as Float64Array));
  }
  return targets.map((target) => known.get(target) ?? missing(target.name, target.name));
};

/** Where a plan finds its numbers; effects write into `store`. */
export interface InterpreterState {
  readonly feeds: readonly Float64Array[];
  readonly scalars: ArrayLike<number>;
  readonly store: Map<string, Float64Array>;
}

/**
 * Runs a plan with the float64 references and returns its taps. With `arena`, every arena value is written to and
 * read from one array at its planned place, poisoned with NaN at the start, so that an overlap of two live values
 * changes the result. What is made in bf16 is rounded.
 */
export const interpretPlan = (plan: Plan, state: InterpreterState, arena = true): Float64Array[] => {
  const memory = createMemory(plan, state, arena);
  for (const node of plan.nodes) {
    const op = opRegistry.get(node.op) ?? unknownOp(node.op, node.name);
    const inputs = node.inputs.map((id) => tensor(typeOf(plan, id), memory.read(id)));
    const results = runReference(
      op,
      inputs,
      node.attrs,
      node.outputs.map((id) => typeOf(plan, id)),
    );
    node.outputs.forEach((id, index) => memory.write(id, results[index] as Float64Array));
  }
  return plan.taps.map((id) => memory.read(id).slice());
};

interface Memory {
  read(id: number): Float64Array;
  write(id: number, data: Float64Array): void;
}

/** The arena as one float64 slot per byte: an element lies at its first byte. */
const createMemory = (plan: Plan, { feeds, scalars, store }: InterpreterState, shared: boolean): Memory => {
  const slots = new Float64Array(shared ? plan.arenaBytes : 0).fill(NaN);
  const separate = new Map<number, Float64Array>();
  const span = (id: number, offset: number): { first: number; stride: number; count: number } => {
    const { dtype, shape } = typeOf(plan, id);
    return { first: offset, stride: bytesPerElement(dtype), count: elementCount(shape) };
  };
  return {
    read: (id) => {
      const { place, name } = valueOf(plan, id);
      if (place.kind === "feed") return feeds[plan.feeds.indexOf(id)] ?? missing("plan", name);
      if (place.kind === "scalar") return Float64Array.of(scalars[place.index] ?? NaN);
      if (place.kind === "store") return store.get(name) ?? missing("plan", name);
      if (!shared) return separate.get(id) ?? missing("plan", name);
      const { first, stride, count } = span(id, place.offset);
      return Float64Array.from({ length: count }, (_, index) => slots[first + index * stride] ?? NaN);
    },
    write: (id, exact) => {
      const { place, name, dtype } = valueOf(plan, id);
      const data = dtype === "bf16" ? exact.map(roundToBfloat16) : exact;
      if (place.kind === "store") store.set(name, data);
      else if (!shared) separate.set(id, data);
      else if (place.kind === "arena") {
        const { first, stride } = span(id, place.offset);
        data.forEach((value, index) => (slots[first + index * stride] = value));
      }
    },
  };
};

const runReference = (
  op: OpRow,
  inputs: readonly Tensor[],
  attrs: Attributes,
  outputs: readonly TensorType[],
): readonly Float64Array[] => op.reference(namedInputs(op, inputs), attrs, outputs);

const tensor = ({ shape, dtype }: TensorType, data: Float64Array): Tensor => ({ shape, dtype, data });

const valueOf = (plan: Plan, id: number): Plan["values"][number] =>
  plan.values[id] ?? missing("plan", `value ${id}`);

const typeOf = (plan: Plan, id: number): TensorType => valueOf(plan, id);

const missing = (node: string, name: string): never => {
  throw new GraphError("FEED", {
    op: "interpret",
    node,
    what: "numbers",
    expected: `'${name}'`,
    got: "none",
  });
};

const unknownOp = (op: string, node: string): never => {
  throw new GraphError("OP_UNKNOWN", {
    op,
    node,
    what: "op",
    expected: "one of the registry",
    got: `'${op}'`,
  });
};
