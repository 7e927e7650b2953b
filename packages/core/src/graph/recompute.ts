import { opRegistry } from "../ops/registry.js";
import type { GraphNode, Value } from "./graph.js";
import { linearise, peakOf } from "./linearise.js";
import type { OpRow } from "./op.js";
import { reservedBytes } from "./types.js";
import { findUses } from "./uses.js";

/** When activations are computed a second time instead of being kept. */
export interface RecomputeLimits {
  /** Plans whose live bytes never exceed this keep everything. */
  readonly plan: number;
  /** Smaller values are kept. */
  readonly value: number;
}

const LARGE: RecomputeLimits = { plan: 2 ** 30, value: 2 ** 20 };

/**
 * Normalised activations that wait through the peak of memory for the backward pass are dropped and computed again
 * there, from the convolution's output and the batch's statistics, which are kept anyway: the same bits for one more
 * sweep over them.
 */
export const recompute = (
  nodes: readonly GraphNode[],
  taps: readonly Value[],
  limits: RecomputeLimits = LARGE,
): readonly GraphNode[] => {
  const order = linearise(nodes, taps);
  const { position: peak, bytes } = peakOf(order, taps);
  if (bytes <= limits.plan) return nodes;
  const { readers } = findUses(order);
  const late = new Set(order.slice(peak + 1));
  const tapped = new Set(taps);
  const twins = new Map<Value, GraphNode>();
  for (const node of order.slice(0, peak)) {
    const [y] = node.outputs;
    if (node.op.name !== "batchNorm" || y === undefined || tapped.has(y) || reservedBytes(y) < limits.value)
      continue;
    const waits = readers.get(y)?.some((reader) => late.has(reader)) && !order[peak]?.inputs.includes(y);
    if (waits) twins.set(y, again(node));
  }
  return withTwins(nodes, late, twins);
};

/** The node that computes the first output of a batch norm from its input and its statistics. */
const again = ({ name, inputs, outputs, attrs }: GraphNode): GraphNode => {
  const [y, mean, variance] = outputs as readonly [Value, Value, Value];
  const made: Value[] = [];
  const node = {
    op: opRegistry.get("batchNormFrozen") as OpRow,
    name: `${name}.again`,
    inputs: [...inputs, mean, variance],
    outputs: made,
    attrs,
    again: true,
  } as const;
  made.push({ ...y, name: node.name, origin: { kind: "node", node, output: 0 } });
  return node;
};

/** Lets late readers read the twin of a value; a twin stands before its first reader. */
const withTwins = (
  nodes: readonly GraphNode[],
  late: ReadonlySet<GraphNode>,
  twins: ReadonlyMap<Value, GraphNode>,
): readonly GraphNode[] => {
  const placed = new Set<GraphNode>();
  return nodes.flatMap((node) => {
    const read = late.has(node) ? node.inputs.flatMap((input) => twins.get(input) ?? []) : [];
    if (read.length === 0) return [node];
    const first = read.filter((twin) => !placed.has(twin));
    first.forEach((twin) => placed.add(twin));
    const inputs = node.inputs.map((input) => twins.get(input)?.outputs[0] ?? input);
    return [...first, { ...node, inputs }];
  });
};
