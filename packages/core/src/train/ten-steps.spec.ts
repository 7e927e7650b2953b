import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { openHostDevice } from "../testing/host-device.js";
import type { StepResult } from "./stage-runner.js";
import {
  golden,
  model,
  runTenSteps,
  TOLERANCES,
  worstLoss,
  worstSample,
  type GoldenPrecision,
} from "./testing/ten-steps.js";

const open = { cpu: () => Store.open({ device: "cpu", threads: 1 }), cuda: openHostDevice };
const devices = ["cpu", "cuda"] as const;
const precisions: readonly GoldenPrecision[] = ["f32", "bf16"];

/** Lets a processor without bf16 compute it on widened copies. */
const mode = "DUALPATH_BF16";

describe.each(devices.flatMap((device) => precisions.map((precision) => [device, precision] as const)))(
  "ten optimizer steps of a quarter of ResNet-18 and text CNN on %s in %s",
  (device, precision) => {
    const store = open[device]();
    const tolerance = TOLERANCES[precision];
    let results: StepResult[] = [];

    beforeAll(async () => {
      process.env[mode] = "widen";
      results = await runTenSteps(store, precision);
    }, 600_000);
    afterAll(async () => {
      delete process.env[mode];
      await store.dispose();
    });

    it("have PyTorch's losses", () => {
      expect(store.backend.kind).toBe(device);
      expect(results).toHaveLength(10);
      expect(worstLoss(results)).toBeLessThan(tolerance.loss);
    });

    it("end in PyTorch's parameters and running statistics", async () => {
      expect(model.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(golden.tensors).sort());
      for (const name of Object.keys(golden.tensors)) {
        expect(await worstSample(store, name), name).toBeLessThan(tolerance.parameter);
      }
    });
  },
);
