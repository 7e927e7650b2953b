import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { roofline } from "./roofline.js";
import { Store } from "./store.js";

const mode = "DUALPATH_BF16";
const extents = { product: 64, sum: 4096 };

let store: Store;
beforeEach(() => {
  process.env[mode] = "widen";
  store = Store.open({ device: "cpu", threads: 1 });
});
afterEach(async () => {
  delete process.env[mode];
  await store.dispose();
});

it.each(["f32", "bf16"] as const)("the product is timed in %s, the sum in f32", async (precision) => {
  const compile = vi.spyOn(store, "compile");
  const { gigaflops, gigabytes } = await roofline(store, { extents, precision });
  const programs = await Promise.all(
    compile.mock.results.map(({ value }) => value as ReturnType<Store["compile"]>),
  );
  expect(programs.map(({ precision: { inForce } }) => inForce)).toEqual([precision, "f32"]);
  expect(gigaflops).toBeGreaterThan(0);
  expect(gigabytes).toBeGreaterThan(0);
});

it("an abort ends the timing", async () => {
  const signal = AbortSignal.abort();
  await expect(roofline(store, { extents, signal })).rejects.toBe(signal.reason);
});
