import { apply } from "../../graph/apply.js";
import { Graph, type Value } from "../../graph/graph.js";
import type { OpRow } from "../../graph/op.js";
import type { OpCase } from "./cases.js";

export interface BuiltCase {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: readonly Value[];
}

/** A graph of one node; inputs that the op updates are parameters, the others feeds. */
export const buildCase = (op: OpRow, { inputs, attrs }: OpCase): BuiltCase => {
  const graph = new Graph(op.name);
  const values = Object.entries(inputs).map(([name, { shape, dtype }]) => {
    const updated = op.updates?.includes(name) ?? false;
    return [name, updated ? graph.parameter(name, shape, dtype) : graph.input(name, shape, dtype)] as const;
  });
  const named = Object.fromEntries(values);
  const results = apply(op, named, attrs as never, { graph, name: "node" });
  return { graph, inputs: named, outputs: op.outputs.map((name) => results[name] as Value) };
};
