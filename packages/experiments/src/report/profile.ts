import type { NodeProfile } from "@dualpath/core";

/** Nodes of one kind added up; rates are over their whole time. */
export interface ProfileTotal {
  readonly name: string;
  readonly nodes: number;
  readonly milliseconds: number;
  readonly reorderMilliseconds: number;
  readonly gigaflops: number;
  readonly gigabytes: number;
}

/** Totals of the nodes of each kind, those that take longest first. */
export function totalsBy(
  nodes: readonly NodeProfile[],
  kindOf: (node: NodeProfile) => string,
): ProfileTotal[] {
  const kinds = new Map<string, NodeProfile[]>();
  for (const node of nodes) kinds.set(kindOf(node), [...(kinds.get(kindOf(node)) ?? []), node]);
  const totals = [...kinds].map(([name, members]) => totalOf(name, members));
  return totals.sort((one, other) => other.milliseconds - one.milliseconds);
}

function totalOf(name: string, nodes: readonly NodeProfile[]): ProfileTotal {
  const sum = (value: (node: NodeProfile) => number): number =>
    nodes.reduce((total, node) => total + value(node), 0);
  const milliseconds = sum((node) => node.milliseconds);
  const rate = (amount: number): number => (milliseconds > 0 ? amount / milliseconds / 1e6 : 0);
  return {
    name,
    nodes: nodes.length,
    milliseconds,
    reorderMilliseconds: sum((node) => node.reorderMilliseconds),
    gigaflops: rate(sum(({ flops }) => flops)),
    gigabytes: rate(sum(({ traffic }) => traffic)),
  };
}
