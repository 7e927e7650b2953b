import type { GraphNode, Value } from "./graph.js";
import { predecessors } from "./linearise.js";
import type { OpRow } from "./op.js";
import { reservedBytes } from "./types.js";
import { findUses, isArenaValue } from "./uses.js";

/**
 * Bytes of a gradient that is not kept waiting for the others: it is updated as soon as it is there, in a sweep of its
 * own, whose start costs nothing beside the reading.
 */
export const LARGEST_GATHERED = 2 ** 24;

/**
 * Makes one node of all updates by one rule (the same op, attributes and numbers) that do not depend on each other, so
 * that a step sweeps once over all parameters of a group. Values keep their identity; `linearise` restores an order.
 */
export const gather = (nodes: readonly GraphNode[]): readonly GraphNode[] => {
  const levelOf = levels(nodes);
  const groups = new Map<string, GraphNode[]>();
  const keys = new Map<GraphNode, string>();
  for (const node of nodes.filter(isGathered)) {
    const key = JSON.stringify([
      node.op.name,
      levelOf(node),
      node.attrs,
      shared(node).map(({ name }) => name),
    ]);
    keys.set(node, key);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return nodes.flatMap((node) => {
    const group = groups.get(keys.get(node) ?? "") ?? [node];
    return node === group[group.length - 1] ? [merged(group)] : [];
  });
};

const isGathered = (node: GraphNode): boolean =>
  node.op.updates !== undefined &&
  node.op.repeats !== undefined &&
  node.inputs.filter(isArenaValue).every((input) => reservedBytes(input) <= LARGEST_GATHERED);

const groupBegin = (op: OpRow): number => op.inputs.length - (op.repeats ?? 0);

/** Inputs that all updates of a group have in common. */
const shared = ({ op, inputs }: GraphNode): readonly Value[] => inputs.slice(0, groupBegin(op));

const merged = (group: readonly GraphNode[]): GraphNode => {
  const [first] = group as readonly [GraphNode];
  if (group.length === 1) return first;
  const { op, name, attrs } = first;
  const repeated = group.flatMap(({ inputs }) => inputs.slice(groupBegin(op)));
  return {
    op,
    name: `${name} and ${group.length - 1} more`,
    inputs: [...shared(first), ...repeated],
    outputs: group.flatMap(({ outputs }) => outputs),
    attrs,
  };
};

/** How many gathered nodes must run one after the other before a node: what is equal there can run together. */
const levels = (nodes: readonly GraphNode[]): ((node: GraphNode) => number) => {
  const uses = findUses(nodes);
  const known = new Map<GraphNode, number>();
  const levelOf = (node: GraphNode): number => {
    const found = known.get(node);
    if (found !== undefined) return found;
    known.set(node, 0); // ends a cycle, which `linearise` reports
    const before = [...predecessors(node, uses)];
    const level = before.reduce(
      (most, other) => Math.max(most, levelOf(other) + (isGathered(other) ? 1 : 0)),
      0,
    );
    known.set(node, level);
    return level;
  };
  return levelOf;
};
