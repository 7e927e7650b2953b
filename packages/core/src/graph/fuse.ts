import { opRegistry } from "../ops/registry.js";
import { fusionTable, type FusionRow, type Link } from "./fusion-table.js";
import type { GraphNode, Value } from "./graph.js";
import { inputNames, type OpRow } from "./op.js";
import { sameShape } from "./types.js";
import { findUses, type Uses } from "./uses.js";

/**
 * Replaces chains of nodes by the fused ops of the table until none is left. Values keep their identity, so a tap or
 * an effect still finds what it asked for; a chain whose inner value somebody else needs stays as it is.
 */
export const fuse = (
  nodes: readonly GraphNode[],
  taps: readonly Value[],
  table: readonly FusionRow[] = fusionTable,
): readonly GraphNode[] => {
  const tapped = new Set(taps);
  let current = nodes;
  let uses = findUses(current);
  for (const row of table) {
    const last = row.chain[row.chain.length - 1] as Link;
    for (const candidate of current.filter((node) => node.op.name === last.op)) {
      const chain = matchChain(row, candidate, uses, tapped);
      if (chain === undefined) continue;
      current = replace(current, chain, fusedNode(row, chain));
      uses = findUses(current);
    }
  }
  return current;
};

/** The nodes of a chain that ends in `end`, first to last, or undefined. */
const matchChain = (
  row: FusionRow,
  end: GraphNode,
  uses: Uses,
  tapped: ReadonlySet<Value>,
): readonly GraphNode[] | undefined => {
  const walk = (node: GraphNode, position: number): readonly GraphNode[] | undefined => {
    const link = row.chain[position] as Link;
    if (node.op.name !== link.op || !suits(node, link)) return undefined;
    if (position === 0) return [node];
    for (const input of linkInputs(node, link)) {
      const before = uses.producer.get(input);
      const free = row.chain[position - 1]?.shared
        ? readersOf(input, uses) > 1
        : readersOf(input, uses) === 1;
      if (before === undefined || !free || before.outputs[0] !== input) continue;
      if (tapped.has(input) && !row.chain[position - 1]?.shared) continue;
      const found = walk(before, position - 1);
      if (found) return [...found, node];
    }
    return undefined;
  };
  const chain = walk(end, row.chain.length - 1);
  return chain !== undefined && !isEntangled(row, chain, uses) ? chain : undefined;
};

const readersOf = (value: Value, uses: Uses): number => uses.readers.get(value)?.length ?? 0;

const suits = ({ attrs, inputs, outputs }: GraphNode, link: Link): boolean => {
  const shape = outputs[0]?.shape ?? [];
  const uniform = !link.sameShapes || inputs.every((input) => sameShape(input.shape, shape));
  return uniform && Object.entries(link.attrs ?? {}).every(([name, value]) => attrs[name] === value);
};

const linkInputs = (node: GraphNode, link: Link): readonly Value[] => {
  const names = inputNames(node.op, node.inputs.length);
  return (link.through ?? []).map((name) => node.inputs[names.indexOf(name)] as Value);
};

/** Whether an input of the fused node is computed from a value that only the fused node will make. */
const isEntangled = (row: FusionRow, chain: readonly GraphNode[], uses: Uses): boolean => {
  const members = new Set(chain);
  const seen = new Set<GraphNode>();
  const dependsOnChain = (value: Value): boolean => {
    const node = uses.producer.get(value);
    if (node === undefined || seen.has(node)) return false;
    if (members.has(node)) return true;
    seen.add(node);
    return node.inputs.some(dependsOnChain);
  };
  return Object.values(row.into.inputs).some((path) => dependsOnChain(valueAt(chain, path, row)));
};

/** `"1.x"`: input or output `x` of the chain's node 1; `"1.other"`: the input through which the chain does not come. */
const valueAt = (chain: readonly GraphNode[], path: string, row: FusionRow): Value => {
  const [position = 0, name] = [Number(path.split(".")[0]), path.split(".")[1] ?? ""];
  const node = chain[position] as GraphNode;
  if (name === "other") {
    const link = chain[position - 1]?.outputs[0];
    return node.inputs.find((input) => input !== link) as Value;
  }
  const input = inputNames(node.op, node.inputs.length).indexOf(name);
  const value = input >= 0 ? node.inputs[input] : node.outputs[node.op.outputs.indexOf(name)];
  if (value === undefined) throw new TypeError(`fusion row '${row.name}': no value ${path}`);
  return value;
};

const fusedNode = (row: FusionRow, chain: readonly GraphNode[]): GraphNode => {
  const op = opRegistry.get(row.into.op) as OpRow;
  const end = chain[chain.length - 1] as GraphNode;
  const { attrs: kept } = chain[row.into.attributesOf] as GraphNode;
  const named = Object.entries({ ...kept, ...row.into.attrs }).filter(
    ([name]) => !row.into.without?.includes(name),
  );
  return {
    op,
    name: end.name,
    inputs: op.inputs.map((name) => valueAt(chain, row.into.inputs[name] as string, row)),
    outputs: op.outputs.map((name) => valueAt(chain, row.into.outputs[name] as string, row)),
    attrs: Object.fromEntries(named),
  };
};

/** The fused node stands where the chain ended; `linearise` restores an execution order. */
const replace = (
  nodes: readonly GraphNode[],
  chain: readonly GraphNode[],
  fused: GraphNode,
): readonly GraphNode[] =>
  nodes.flatMap((node) => (node === chain[chain.length - 1] ? [fused] : chain.includes(node) ? [] : [node]));
