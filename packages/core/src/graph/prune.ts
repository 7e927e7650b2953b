import type { Graph, GraphNode, Value } from "./graph.js";

/** Nodes that `targets` (taps and effects) need, in the order of their making. */
export const prune = (graph: Graph, targets: readonly Value[]): readonly GraphNode[] => {
  const needed = new Set<Value>(targets);
  const kept: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    node.inputs.forEach((input) => needed.add(input));
    kept.push(node);
  }
  return kept.reverse();
};
