import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { loadBackend } from "./load.js";
import type { Plan } from "./plan.js";
import type { NativeStore } from "./store.js";
import { failureOf } from "./testing/failure.js";
import { arena, feed, logPlan, longPlan, planOf, productPlan, scalePlan, stored } from "./testing/plans.js";

const none = new Float32Array(0);
let store: NativeStore;

beforeAll(async () => {
  store = loadBackend().createStore({ device: "cpu", threads: 2 });
  await store.write("w", [2, 2], "f32", Float32Array.of(1, 2, 3, 4));
});

afterAll(() => store.dispose());

afterEach(() => {
  delete process.env["DUALPATH_CHECK"];
});

test("a product runs on feeds and stored weights", async () => {
  const program = await store.compile(productPlan(2));
  expect(await program.step([Float32Array.of(1, 0, 0, 2)], none)).toEqual([Float32Array.of(1, 2, 6, 8)]);
  await program.dispose();
});

test("a convolution of one-sided padding runs in NHWC", async () => {
  const plan = planOf({
    values: {
      x: { shape: [1, 1, 3, 1], place: feed },
      filter: { shape: [1, 1, 1, 2], place: stored },
      y: { shape: [1, 1, 3, 1], place: arena(0) },
    },
    nodes: [
      {
        op: "conv2d",
        inputs: ["x", "filter"],
        outputs: ["y"],
        attrs: { stride: [1, 1], pad: [0, 0, 0, 1], dilation: [1, 1], groups: 1 },
      },
    ],
    taps: ["y"],
    arenaBytes: 64,
  });
  await store.write("filter", [1, 1, 1, 2], "f32", Float32Array.of(1, 10));
  const program = await store.compile(plan);
  expect(await program.step([Float32Array.of(1, 2, 3)], none)).toEqual([Float32Array.of(21, 32, 3)]);
});

test("feeds and scalars are copied before step returns its promise, and steps run in order", async () => {
  const program = await store.compile(scalePlan(2));
  const x = Float32Array.of(1, 2);
  const rate = Float32Array.of(10);
  const steps = [10, 20, 30, 40, 50].map((factor) => {
    rate[0] = factor;
    const step = program.step([x], rate);
    x.fill(-1);
    x.set([1, 2]);
    return step;
  });
  rate.fill(0);
  const results = await Promise.all(steps);
  expect(results.map(([y]) => y?.[1])).toEqual([20, 40, 60, 80, 100]);
});

test("describe tells memory and the kernel of every node", async () => {
  const program = await store.compile(productPlan(2));
  const { arenaBytes, scratchBytes, storeBytes, nodes } = program.describe();
  expect(arenaBytes).toBe(64);
  expect(scratchBytes).toBeGreaterThanOrEqual(0);
  expect(storeBytes).toBeGreaterThan(0);
  expect(nodes).toMatchObject([{ name: "matmul", op: "matmul", layout: "plain" }]);
  expect(nodes[0]?.kernel).not.toBe("");
});

test("profile gives one time for every node", async () => {
  await store.write("big", [64, 64], "f32", new Float32Array(64 * 64));
  const plan = longPlan(64, 3);
  const values = plan.values.map((value) => (value.name === "w" ? { ...value, name: "big" } : value));
  const program = await store.compile({ ...plan, values });
  const times = await program.profile([new Float32Array(64 * 64)], none);
  expect(times.map(({ name }) => name)).toEqual(["y0", "y1", "y2"]);
  for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(0);
});

const malformed: readonly [string, (plan: Plan) => unknown, string, string][] = [
  ["a field of another type", (plan) => ({ ...plan, arenaBytes: -1 }), "PLAN_INVALID", "plan: arenaBytes: "],
  [
    "an unknown op",
    (plan) => ({ ...plan, nodes: plan.nodes.map((node) => ({ ...node, op: "relish" })) }),
    "OP_UNKNOWN",
    "relish 'matmul': op: ",
  ],
  [
    "overlapping memory",
    (plan) => ({ ...plan, arenaBytes: 0 }),
    "PLAN_INVALID",
    "plan 'product': value 'y': expected an end within 0 bytes",
  ],
  [
    "a wrong shape",
    (plan) => ({
      ...plan,
      values: plan.values.map((value) => (value.name === "y" ? { ...value, shape: [2, 1] } : value)),
    }),
    "SHAPE",
    "matmul 'matmul': y: expected [2, 2], got [2, 1]",
  ],
  [
    "a wrong dtype",
    (plan) => ({
      ...plan,
      values: plan.values.map((value) => (value.name === "x" ? { ...value, dtype: "i32" } : value)),
    }),
    "DTYPE",
    "matmul 'matmul': 'x': expected f32, got i32",
  ],
  [
    "a missing store value",
    (plan) => ({
      ...plan,
      values: plan.values.map((value) => (value.name === "w" ? { ...value, name: "absent" } : value)),
    }),
    "STORE_MISSING",
    "store: value 'absent'",
  ],
];

test.each(malformed)("compile refuses %s", async (_, change, code, message) => {
  const failure = await failureOf(() => store.compile(change(productPlan(2)) as Plan));
  expect(failure.code).toBe(code);
  expect(failure.message.startsWith(message), failure.message).toBe(true);
});

test("an attribute of the wrong kind is refused with op and node", async () => {
  const plan = planOf({
    values: { x: { shape: [2], place: feed }, y: { shape: [2], place: arena(0) } },
    nodes: [
      { op: "affine", name: "shift", inputs: ["x"], outputs: ["y"], attrs: { multiply: "two", add: 0 } },
    ],
    taps: ["y"],
    arenaBytes: 64,
  });
  const failure = await failureOf(() => store.compile(plan));
  expect([failure.code, failure.message]).toEqual([
    "ATTRIBUTE",
    "affine 'shift': attribute 'multiply': expected a number, got a value of another type",
  ]);
  expect(failure.details).toMatchObject({ op: "affine", node: "shift" });
});

test("more memory than there is gives OUT_OF_MEMORY with the figure", async () => {
  const failure = await failureOf(() => store.compile({ ...productPlan(2), arenaBytes: 2 ** 52 }));
  expect(failure.code).toBe("OUT_OF_MEMORY");
  expect(failure.details["bytes"]).toBeGreaterThanOrEqual(2 ** 52);
});

test("wrong feeds and scalars are refused by name", async () => {
  const program = await store.compile(scalePlan(2));
  const x = new Float32Array(2);
  expect((await failureOf(() => program.step([], Float32Array.of(1)))).message).toBe(
    "plan 'scaled': feeds: expected 1, got 0",
  );
  expect((await failureOf(() => program.step([new Float32Array(3)], Float32Array.of(1)))).code).toBe("FEED");
  expect((await failureOf(() => program.step([new Int32Array(2)], Float32Array.of(1)))).message).toBe(
    "plan 'scaled': feed 'x': expected f32, got i32",
  );
  expect((await failureOf(() => program.step([x], none))).message).toContain("scalars: expected 1 words");
});

test("an index out of range is refused when it is fed", async () => {
  const plan = planOf({
    values: {
      rows: { shape: [3, 2], place: feed },
      index: { shape: [2], dtype: "i32", place: feed },
      y: { shape: [2, 2], place: arena(0) },
    },
    nodes: [{ op: "gatherRows", name: "pick", inputs: ["rows", "index"], outputs: ["y"] }],
    taps: ["y"],
    arenaBytes: 64,
  });
  const program = await store.compile(plan);
  const failure = await failureOf(() => program.step([new Float32Array(6), Int32Array.of(1, 3)], none));
  expect([failure.code, failure.message]).toEqual([
    "FEED",
    "gatherRows 'pick': feed 'index'[1]: expected 0 to 2, got 3",
  ]);
});

test("DUALPATH_CHECK names the node that produced a NaN", async () => {
  process.env["DUALPATH_CHECK"] = "1";
  const program = await store.compile(logPlan(4));
  const failure = await failureOf(() => program.step([Float32Array.of(1, 2, -3, 4)], none));
  expect(failure.code).toBe("NON_FINITE");
  expect(failure.message).toBe("log 'risky': output 'y': expected finite numbers, got NaN or infinity");
});

test("an error of the native thread carries the caller's stack", async () => {
  async function trainingLoop(): Promise<void> {
    await store.compile({ ...productPlan(2), arenaBytes: 0 });
  }
  const failure = await failureOf(trainingLoop);
  expect(failure.stack).toContain("DualpathError [PLAN_INVALID]: plan 'product'");
  expect(failure.stack).toContain("trainingLoop");
});

test("a disposed program refuses steps, and disposing it again is harmless", async () => {
  const program = await store.compile(scalePlan(2));
  const queued = program.step([Float32Array.of(1, 2)], Float32Array.of(3));
  await program.dispose();
  await program.dispose();
  expect(await queued).toEqual([Float32Array.of(3, 6)]);
  const failure = await failureOf(() => program.step([new Float32Array(2)], Float32Array.of(1)));
  expect([failure.code, failure.message]).toEqual([
    "DISPOSED",
    "program: expected an open one, got one that was disposed",
  ]);
});
