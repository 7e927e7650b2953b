import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import type { StepResult } from "./stage-runner.js";
import {
  golden,
  LOSS_TOLERANCE,
  model,
  PARAMETER_TOLERANCE,
  runTenSteps,
  worstLoss,
  worstSample,
} from "./testing/ten-steps.js";

describe("ten optimizer steps of ResNet-18 and text CNN at a quarter of their width", () => {
  const store = Store.open({ device: "cpu", threads: 1 });
  let results: StepResult[] = [];

  beforeAll(async () => {
    results = await runTenSteps(store);
  });
  afterAll(() => store.dispose());

  it("have PyTorch's losses", () => {
    expect(results).toHaveLength(10);
    expect(worstLoss(results)).toBeLessThan(LOSS_TOLERANCE);
  });

  it("end in PyTorch's parameters and running statistics", async () => {
    expect(model.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const name of Object.keys(golden.tensors)) {
      expect(await worstSample(store, name), name).toBeLessThan(PARAMETER_TOLERANCE);
    }
  });
});
