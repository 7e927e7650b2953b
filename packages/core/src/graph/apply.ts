import type { z } from "zod";
import { GraphError } from "../errors.js";
import { createCheck } from "./check.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { inputNames, isUpdated, outputNames, type OpDefinition, type OpRow } from "./op.js";
import type { Attributes } from "./types.js";

type Row<Input extends string, Output extends string, Schema extends z.ZodType<Attributes>> = OpDefinition<
  Input,
  Output,
  Schema
>;

/** Where a node goes: its name (default: the op's), and the graph when no input tells it. */
export interface Placement {
  readonly name?: string | undefined;
  readonly graph?: Graph;
  /** A full name from `graph.claimName`, used as it is. */
  readonly claimed?: string;
}

/**
 * Checks inputs and attributes, infers the output types and appends a node.
 * Throws GraphError SHAPE, DTYPE, ATTRIBUTE or GRAPH with a stack that starts at the builder's call.
 */
export const apply = <Input extends string, Output extends string, Schema extends z.ZodType<Attributes>>(
  op: Row<Input, Output, Schema>,
  inputs: Readonly<Record<Input, Value>>,
  attrs: z.input<Schema>,
  placement: Placement | string | undefined = {},
): Readonly<Record<Output, Value>> => {
  try {
    const where = typeof placement === "string" ? { name: placement } : placement;
    return outputsOf(append(op as unknown as OpRow, inputs, attrs, where)) as Record<Output, Value>;
  } catch (error) {
    if (error instanceof GraphError) Error.captureStackTrace(error, apply);
    throw error;
  }
};

/** A node's outputs by their names in the op's row. */
export const outputsOf = (node: GraphNode): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    outputNames(node.op, node.outputs.length).map((name, index) => [name, node.outputs[index] as Value]),
  );

const append = (
  op: OpRow,
  inputs: Readonly<Record<string, Value>>,
  attrs: unknown,
  where: Placement,
): GraphNode => {
  const names = inputNames(op, Object.keys(inputs).length);
  const values = names.map((name) => inputs[name] as Value);
  const graph = where.graph ?? values[0]?.graph;
  if (graph === undefined) throw new TypeError(`${op.name}: no input tells the graph`);
  const name = where.claimed ?? graph.claimName(where.name ?? op.name);
  checkInputs(op, name, graph, names, values);
  const checkedAttributes = parseAttributes(op, name, attrs);
  const types = op.infer(inputs, checkedAttributes, createCheck(op.name, name));
  return graph.append(op, name, values, checkedAttributes, types);
};

const checkInputs = (
  op: OpRow,
  node: string,
  graph: Graph,
  names: readonly string[],
  values: readonly Value[],
): void =>
  values.forEach((value, index) => {
    const what = `graph of ${names[index]}`;
    if (value.graph !== graph)
      throw new GraphError("GRAPH", {
        op: op.name,
        node,
        what,
        expected: `'${graph.name}'`,
        got: `'${value.graph.name}'`,
      });
    if (isUpdated(op, index) && !isStoreValue(value))
      throw new GraphError("GRAPH", {
        op: op.name,
        node,
        what: `${names[index]}`,
        expected: "a parameter",
        got: `'${value.name}'`,
      });
  });

const isStoreValue = ({ origin }: Value): boolean =>
  origin.kind === "store" || (origin.kind === "node" && origin.updated !== undefined);

const parseAttributes = (op: OpRow, node: string, attrs: unknown): Attributes => {
  const result = op.attrs.safeParse(attrs);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const what = `attribute ${issue?.path.join(".") ?? ""}`.trimEnd();
  const got = JSON.stringify(issue?.path.reduce<unknown>(descend, attrs) ?? attrs);
  throw new GraphError("ATTRIBUTE", {
    op: op.name,
    node,
    what,
    expected: issue?.message ?? "a valid value",
    got,
  });
};

const descend = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
