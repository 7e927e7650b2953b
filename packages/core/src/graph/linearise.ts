import { GraphError } from "../errors.js";
import type { GraphNode, Value } from "./graph.js";
import { reservedBytes } from "./types.js";
import { findUses, isArenaValue, type Uses } from "./uses.js";

/**
 * An execution order. An effect comes after every reader of the value that it overwrites. Of the orders tried, the
 * one with the lowest peak of live bytes is taken; all are deterministic.
 */
export const linearise = (nodes: readonly GraphNode[], taps: readonly Value[]): readonly GraphNode[] => {
  const orders = [eager, frugal, greedy].map((choose) => schedule(nodes, taps, choose));
  const peaks = orders.map((order) => peakOf(order, taps).bytes);
  return orders[peaks.indexOf(Math.min(...peaks))] ?? [];
};

/** Where in an order most bytes of arena values are alive at once, and how many, ignoring gaps. */
export const peakOf = (
  order: readonly GraphNode[],
  taps: readonly Value[],
): { readonly position: number; readonly bytes: number } => {
  const account = createAccount(order, taps);
  let live = 0;
  let peak = { position: 0, bytes: 0 };
  order.forEach((node, position) => {
    const bytes = live + allocatedBytes(node);
    if (bytes > peak.bytes) peak = { position, bytes };
    live += account.change(node);
    account.run(node);
  });
  return peak;
};

interface Candidate {
  readonly index: number;
  readonly node: GraphNode;
  readonly change: number;
}

/** Whether `a` should run before `b`. */
type Choose = (a: Candidate, b: Candidate) => boolean;

const isEffect = ({ node }: Candidate): boolean => node.op.updates !== undefined;

/** Effects as soon as they can run, the rest as made. */
const eager: Choose = (a, b) => (isEffect(a) === isEffect(b) ? a.index < b.index : isEffect(a));

/** What frees memory first, the rest as made. */
const frugal: Choose = (a, b) => {
  const [left, right] = [Math.min(a.change, 1), Math.min(b.change, 1)];
  return left === right ? a.index < b.index : left < right;
};

/** Always what adds least. */
const greedy: Choose = (a, b) => (a.change === b.change ? a.index < b.index : a.change < b.change);

const schedule = (nodes: readonly GraphNode[], taps: readonly Value[], choose: Choose): GraphNode[] => {
  const uses = findUses(nodes);
  const waiting = new Map(nodes.map((node) => [node, predecessors(node, uses)]));
  const followers = invert(waiting);
  const account = createAccount(nodes, taps);
  const position = new Map(nodes.map((node, index) => [node, index]));
  const ready = new Set(nodes.filter((node) => waiting.get(node)?.size === 0));
  const order: GraphNode[] = [];
  const isAwaited = (node: GraphNode): boolean =>
    (followers.get(node) ?? []).some((follower) =>
      [...(waiting.get(follower) ?? [])].every((other) => ready.has(other)),
    );
  while (ready.size > 0) {
    const due = [...ready].filter((node) => !node.again || isAwaited(node));
    const candidates = (due.length > 0 ? due : [...ready]).map((node) => ({
      node,
      index: position.get(node) ?? 0,
      change: account.change(node),
    }));
    const { node } = candidates.reduce((best, candidate) => (choose(candidate, best) ? candidate : best));
    ready.delete(node);
    order.push(node);
    account.run(node);
    for (const follower of followers.get(node) ?? []) {
      const open = waiting.get(follower);
      open?.delete(node);
      if (open?.size === 0) ready.add(follower);
    }
  }
  if (order.length !== nodes.length) throw cycle(nodes.find((node) => !order.includes(node)) as GraphNode);
  return order;
};

/** Nodes that must run before `node`. Throws PLAN_INVALID for two effects on one value. */
export const predecessors = (node: GraphNode, uses: Uses): Set<GraphNode> => {
  const before = new Set<GraphNode>();
  for (const input of node.inputs) {
    const producer = uses.producer.get(input);
    if (producer) before.add(producer);
  }
  for (const updated of updatedValues(node))
    for (const reader of uses.readers.get(updated) ?? []) {
      if (reader === node) continue;
      if (updatedValues(reader).includes(updated)) throw updatedTwice(updated, node, reader);
      before.add(reader);
    }
  return before;
};

const updatedValues = ({ outputs }: GraphNode): readonly Value[] =>
  outputs.flatMap(({ origin }) => (origin.kind === "node" && origin.updated ? [origin.updated] : []));

const invert = (waiting: ReadonlyMap<GraphNode, ReadonlySet<GraphNode>>): Map<GraphNode, GraphNode[]> => {
  const followers = new Map<GraphNode, GraphNode[]>();
  for (const [node, before] of waiting)
    for (const predecessor of before)
      followers.set(predecessor, [...(followers.get(predecessor) ?? []), node]);
  return followers;
};

interface Account {
  /** Bytes that running `node` now adds, less what it frees. */
  change(node: GraphNode): number;
  run(node: GraphNode): void;
}

const allocatedBytes = ({ outputs }: GraphNode): number =>
  outputs.reduce((total, output) => total + (isArenaValue(output) ? reservedBytes(output) : 0), 0);

const createAccount = (nodes: readonly GraphNode[], taps: readonly Value[]): Account => {
  const open = new Map<Value, number>();
  for (const [value, readers] of findUses(nodes).readers) open.set(value, readers.length);
  for (const tap of taps) open.set(tap, Infinity);
  const freed = (node: GraphNode): number =>
    [...new Set(node.inputs)].reduce(
      (total, input) => total + (isArenaValue(input) && open.get(input) === 1 ? reservedBytes(input) : 0),
      0,
    );
  const unread = (node: GraphNode): number =>
    node.outputs.reduce(
      (total, output) => total + (isArenaValue(output) && !open.has(output) ? reservedBytes(output) : 0),
      0,
    );
  return {
    change: (node) => allocatedBytes(node) - unread(node) - freed(node),
    run: (node) => new Set(node.inputs).forEach((input) => open.set(input, (open.get(input) ?? 0) - 1)),
  };
};

const cycle = (node: GraphNode): GraphError =>
  new GraphError("PLAN_INVALID", {
    op: node.op.name,
    node: node.name,
    what: "order",
    expected: "inputs that can be computed before it",
    got: "a cycle",
    hint: "an effect's old value may be read by something that needs its new value",
  });

const updatedTwice = (value: Value, node: GraphNode, other: GraphNode): GraphError =>
  new GraphError("PLAN_INVALID", {
    op: node.op.name,
    node: node.name,
    what: `update of '${value.name}'`,
    expected: "one effect",
    got: `also '${other.name}'`,
    hint: "give the second effect the value that the first one returns",
  });
