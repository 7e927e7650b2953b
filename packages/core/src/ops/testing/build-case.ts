import { apply } from "../../graph/apply.js";
import { Graph, type Value } from "../../graph/graph.js";
import { inputNames, isUpdated, outputNames, type OpRow } from "../../graph/op.js";
import type { OpCase } from "./cases.js";

export interface BuiltCase {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: readonly Value[];
}

/** A graph of one node; inputs that the op updates are parameters, the others feeds. */
export const buildCase = (op: OpRow, { inputs, attrs }: OpCase): BuiltCase => {
  const graph = new Graph(op.name);
  const names = inputNames(op, Object.keys(inputs).length);
  const values = Object.entries(inputs).map(([name, { shape, dtype }]) => {
    const updated = isUpdated(op, names.indexOf(name));
    return [name, updated ? graph.parameter(name, shape, dtype) : graph.input(name, shape, dtype)] as const;
  });
  const named = Object.fromEntries(values);
  const results = apply(op, named, attrs as never, { graph, name: "node" });
  return {
    graph,
    inputs: named,
    outputs: outputNames(op, Object.keys(results).length).map((name) => results[name] as Value),
  };
};
