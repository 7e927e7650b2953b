import type { GraphNode, Value } from "./graph.js";

/** Who makes and who reads every value of a list of nodes; passes ask this rather than `Value.origin`. */
export interface Uses {
  readonly producer: ReadonlyMap<Value, GraphNode>;
  readonly readers: ReadonlyMap<Value, readonly GraphNode[]>;
}

export const findUses = (nodes: readonly GraphNode[]): Uses => {
  const producer = new Map<Value, GraphNode>();
  const readers = new Map<Value, GraphNode[]>();
  for (const node of nodes) {
    for (const output of node.outputs) producer.set(output, node);
    for (const input of new Set(node.inputs)) {
      const known = readers.get(input);
      if (known) known.push(node);
      else readers.set(input, [node]);
    }
  }
  return { producer, readers };
};

/** The store value that an effect's output overwrites, through any chain of effects; else the value itself. */
export const storageOf = (value: Value): Value =>
  value.origin.kind === "node" && value.origin.updated ? storageOf(value.origin.updated) : value;

/** Whether a node's value lives in the arena (and not in the Store, the feeds or the scalars). */
export const isArenaValue = (value: Value): boolean => storageOf(value).origin.kind === "node";
