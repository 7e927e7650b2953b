import { castOp } from "../ops/cast.js";
import type { GraphNode, Value } from "./graph.js";
import { isNarrowInput, isNarrowOutput, type OpRow } from "./op.js";
import type { Precision } from "./precision.js";
import { findUses, isArenaValue, type Uses } from "./uses.js";

/**
 * Lowers nodes to a precision.
 *
 * bf16: every product reads bf16. A value between nodes is bf16 where its maker's row and the rows of all its readers
 * take it so; taps, and everything that a row does not list, stay f32. What one side has and another needs in the other
 * type goes through one cast a value, so that a weight is cast once a step.
 *
 * tf32: products carry the attribute `tf32`.
 */
export const narrow = (
  nodes: readonly GraphNode[],
  taps: readonly Value[],
  precision: Precision,
): readonly GraphNode[] => {
  if (precision === "bf16") return rewrite(nodes, choose(nodes, taps));
  return precision === "tf32" ? nodes.map(withTf32) : nodes;
};

const withTf32 = (node: GraphNode): GraphNode =>
  node.op.product ? { ...node, attrs: { ...node.attrs, tf32: true } } : node;

/** Nodes that compute on bf16, and values that are made in it. */
interface Choice {
  readonly nodes: ReadonlySet<GraphNode>;
  readonly values: ReadonlySet<Value>;
}

/** Begins with all that rows allow, and takes back what does not fit until everything does. */
const choose = (all: readonly GraphNode[], taps: readonly Value[]): Choice => {
  const uses = findUses(all);
  const tapped = new Set(taps);
  const nodes = new Set(all.filter(({ op }) => op.narrow !== undefined));
  const values = new Set([...nodes].flatMap(narrowOutputs).filter((value) => !tapped.has(value)));
  for (let before = Infinity; before > nodes.size + values.size;) {
    before = nodes.size + values.size;
    for (const node of nodes) if (!gains(node, values)) nodes.delete(node);
    for (const value of values) if (!fits(value, nodes, uses)) values.delete(value);
  }
  return { nodes, values };
};

const isCastable = (value: Value): boolean => value.dtype === "f32";

const narrowInputs = ({ op, inputs }: GraphNode): readonly Value[] =>
  inputs.filter((value, position) => isCastable(value) && isNarrowInput(op, position));

const narrowOutputs = ({ op, outputs }: GraphNode): readonly Value[] =>
  outputs.filter(
    (value, position) => isCastable(value) && isArenaValue(value) && isNarrowOutput(op, position),
  );

/** A product always gains; another op only passes on what is bf16 on both its sides. */
const gains = (node: GraphNode, values: ReadonlySet<Value>): boolean => {
  if (node.op.product) return true;
  const [read, made] = [narrowInputs(node), narrowOutputs(node)];
  const isRead = read.length === 0 || read.some((value) => values.has(value));
  return isRead && (made[0] === undefined || values.has(made[0]));
};

const fits = (value: Value, nodes: ReadonlySet<GraphNode>, { producer, readers }: Uses): boolean => {
  const takes = (node: GraphNode): boolean =>
    nodes.has(node) &&
    node.inputs.every((input, position) => input !== value || isNarrowInput(node.op, position));
  return nodes.has(producer.get(value) as GraphNode) && (readers.get(value) ?? []).every(takes);
};

/** The bf16 forms of values that are there once the nodes are rewritten, and the casts that they take. */
interface Twins {
  readonly known: Map<Value, Value>;
  readonly casts: GraphNode[];
}

const rewrite = (all: readonly GraphNode[], choice: Choice): readonly GraphNode[] => {
  const twins = madeTwins(choice);
  const rewritten = all.map((node) => (choice.nodes.has(node) ? rewriteNode(node, choice, twins) : node));
  return [...twins.casts, ...rewritten];
};

/** What the chosen nodes write in bf16, and casts back of what somebody reads in f32. */
const madeTwins = ({ nodes, values }: Choice): Twins => {
  const twins: Twins = { known: new Map(), casts: [] };
  for (const node of nodes)
    for (const value of narrowOutputs(node)) {
      const isKept = values.has(value);
      if (!isKept && node.op.product) continue;
      const twin = narrowValue(value, isKept ? value.name : `${value.name}:bf16`, node);
      twins.known.set(value, twin);
      if (!isKept) twins.casts.push(castNode(`${value.name}:f32`, twin, "f32", [value]));
    }
  return twins;
};

const rewriteNode = (node: GraphNode, { values }: Choice, { known, casts }: Twins): GraphNode => {
  const read = (value: Value): Value => {
    const twin = known.get(value);
    if (twin !== undefined) return twin;
    const outputs: Value[] = [];
    const made = castNode(`${value.name}:bf16`, value, "bf16", outputs);
    outputs.push(narrowValue(value, made.name, made));
    casts.push(made);
    known.set(value, outputs[0] as Value);
    return outputs[0] as Value;
  };
  const inputs = node.inputs.map((value, position) =>
    isCastable(value) && isNarrowInput(node.op, position) ? read(value) : value,
  );
  const outputs = node.outputs.map((value) =>
    values.has(value) || !node.op.product ? (known.get(value) ?? value) : value,
  );
  return { ...node, inputs, outputs };
};

const narrowValue = (value: Value, name: string, node: GraphNode): Value => ({
  ...value,
  name,
  dtype: "bf16",
  origin: { kind: "node", node, output: 0 },
});

const castNode = (
  name: string,
  from: Value,
  dtype: "f32" | "bf16",
  outputs: readonly Value[],
): GraphNode => ({ op: castOp as unknown as OpRow, name, inputs: [from], outputs, attrs: { dtype } });
