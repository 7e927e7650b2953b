import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

interface Row {
  readonly registers: number;
  readonly stack: number;
  readonly spills: number;
}

interface Resources {
  resourcesOf(logs: readonly string[]): Map<string, Row>;
  formatResources(resources: Map<string, Row>): string;
  parseResources(text: string): Map<string, Row>;
  regressions(expected: Map<string, Row>, got: Map<string, Row>): string[];
}

const script = fileURLToPath(new URL("../../../tools/native/resources.mjs", import.meta.url));
const { resourcesOf, formatResources, parseResources, regressions } = (await import(script)) as Resources;

const log = (name: string, target: string, registers: number, spills: number): string =>
  `ptxas info    : Compiling entry function '${name}' for '${target}'\n` +
  `ptxas info    : Function properties for ${name}\n` +
  `    8 bytes stack frame, ${spills} bytes spill stores, ${spills} bytes spill loads\n` +
  `ptxas info    : Used ${registers} registers, used 1 barriers, 8 bytes cumulative stack size\n`;

const kernel = "_ZN8dualpath4cuda13elementKernelINS_8functors4FillIfEEEEvlT_";
const name = (target: string): string => `elementKernel<Fill<float> > ${target}`;
const row = (registers: number, spills: number): Row => ({ registers, stack: 0, spills });

test("the compiler's report becomes a list by kernel and target, and the list is read back", () => {
  const found = resourcesOf([log(kernel, "sm_90", 24, 4), log(kernel, "sm_80", 20, 0)]);
  expect([...found]).toEqual([
    [name("sm_80"), { registers: 20, stack: 8, spills: 0 }],
    [name("sm_90"), { registers: 24, stack: 8, spills: 8 }],
  ]);
  expect(parseResources(formatResources(found))).toEqual(found);
});

test("more spills and many more registers are regressions, a few registers are not", () => {
  const before = new Map([
    ["a", row(32, 0)],
    ["b", row(32, 8)],
  ]);
  expect(regressions(before, new Map([["a", row(48, 0)]]))).toEqual([]);
  expect(regressions(before, new Map([["a", row(49, 0)]]))).toEqual(["a: registers 32 -> 49"]);
  expect(regressions(before, new Map([["b", row(32, 12)]]))).toEqual(["b: spills 8 -> 12 bytes"]);
});

test("a kernel that is not in the list may not spill", () => {
  expect(regressions(new Map(), new Map([["new", row(255, 0)]]))).toEqual([]);
  expect(regressions(new Map(), new Map([["new", row(8, 4)]]))).toEqual(["new: spills 0 -> 4 bytes"]);
});
