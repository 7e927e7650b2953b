import type { NodeProfile } from "@dualpath/core";
import { expect, it } from "vitest";
import { totalsBy } from "./profile.js";

const node = (op: string, milliseconds: number): NodeProfile => ({
  name: op,
  op,
  type: "f32[1]",
  bytes: 0,
  traffic: 2e6,
  flops: 3e6,
  kernel: "",
  pass: "forward",
  milliseconds,
  reorderMilliseconds: milliseconds / 4,
});

it("adds up nodes of a kind, takes rates over their whole time, and puts the longest first", () => {
  const totals = totalsBy([node("add", 1), node("conv2d", 4), node("add", 2)], ({ op }) => op);
  expect(totals.map(({ name, nodes, milliseconds }) => [name, nodes, milliseconds])).toEqual([
    ["conv2d", 1, 4],
    ["add", 2, 3],
  ]);
  expect(totals[1]).toMatchObject({ reorderMilliseconds: 0.75, gigaflops: 2 });
  expect(totals[1]!.gigabytes).toBeCloseTo(4 / 3);
});
