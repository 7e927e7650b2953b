import { afterAll, beforeAll, expect, test } from "vitest";

import { loadBackend } from "./load.js";
import type { NativeStore } from "./store.js";
import { longPlan, scalePlan } from "./testing/plans.js";

/** Ticks of a 5 ms timer that may be lost to other processes of the machine. */
const TICK_SHARE = 0.25;
/** What one step may cost beside its kernels. */
const OVERHEAD_MILLISECONDS = 0.2;

const none = new Float32Array(0);
const size = 512;
let store: NativeStore;

beforeAll(async () => {
  store = loadBackend().createStore({ device: "cpu", threads: 1 });
  await store.write("w", [size, size], "f32", new Float32Array(size * size));
});

afterAll(() => store.dispose());

test("a 5 ms timer keeps ticking during a step", async () => {
  const program = await store.compile(longPlan(size, 200));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const begin = performance.now();
  await program.step([new Float32Array(size * size)], none);
  const milliseconds = performance.now() - begin;
  clearInterval(timer);
  expect(milliseconds).toBeGreaterThan(50);
  expect(ticks).toBeGreaterThan((TICK_SHARE * milliseconds) / 5);
});

test("the boundary costs less than 0.2 ms a step", async () => {
  const program = await store.compile(scalePlan(1));
  const x = Float32Array.of(1);
  const rate = Float32Array.of(2);
  let best = Infinity;
  for (let round = 0; round < 40; round++) {
    const begin = performance.now();
    for (let step = 0; step < 25; step++) await program.step([x], rate);
    best = Math.min(best, (performance.now() - begin) / 25);
  }
  expect(best).toBeLessThan(OVERHEAD_MILLISECONDS);
});
