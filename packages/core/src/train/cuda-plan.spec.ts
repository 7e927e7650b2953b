import { describe, expect, it } from "vitest";
import type { Store } from "../engine/store.js";
import { openHostDevice } from "../testing/host-device.js";
import { openTenSteps, runTenSteps, type GoldenPrecision } from "./testing/ten-steps.js";

const NO_GRAPH = "DUALPATH_NO_GRAPH";
/** One to warm up, one that is recorded, one that is replayed. */
const STEPS = 3;

/** Losses, and the bytes of every stored value, after some steps on a Store that is closed then. */
async function outcome(
  store: Store,
  precision: GoldenPrecision,
): Promise<readonly [unknown, ReadonlyMap<string, Buffer>]> {
  const results = await runTenSteps(store, precision, STEPS);
  const values = new Map<string, Buffer>();
  for (const name of store.names()) values.set(name, Buffer.from((await store.read(name)).data.buffer));
  await store.dispose();
  return [results, values];
}

describe("a training step on CUDA", () => {
  it.each(["f32", "bf16"] as const)(
    "has the same bits captured as node by node in %s",
    async (precision) => {
      const [replayed, expected] = await outcome(openHostDevice(), precision);
      process.env[NO_GRAPH] = "1";
      const launching = outcome(openHostDevice(), precision);
      const [launched, values] = await launching.finally(() => delete process.env[NO_GRAPH]);
      expect(launched).toEqual(replayed);
      expect([...values.keys()]).toEqual([...expected.keys()]);
      const other = [...values].filter(([name, bytes]) => !bytes.equals(expected.get(name)!));
      expect(other.map(([name]) => name)).toEqual([]);
    },
    180_000,
  );

  it.each([
    ["f32", "ten-steps.cuda.txt"],
    ["bf16", "ten-steps.cuda.bf16.txt"],
  ] as const)(
    "has the kernels, their order and the bytes of scratch that are checked in, in %s",
    async (precision, fixture) => {
      const store = openHostDevice();
      const runner = await openTenSteps(store, precision);
      const { rows, totals } = runner.explain();
      await store.dispose();
      const lines = rows.map(({ name, op, type, kernel }) => [name, op, type, kernel].join("  "));
      const bytes = `arena ${totals.arenaBytes}, scratch ${totals.scratchBytes}, store ${totals.storeBytes}`;
      await expect([...lines, bytes, ""].join("\n")).toMatchFileSnapshot(`../../fixtures/${fixture}`);
    },
  );
});
