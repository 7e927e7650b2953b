import type { Store } from "../engine/store.js";
import type { ExplanationRow } from "../graph/explain.js";
import type { Precision } from "../graph/precision.js";
import type { DualPath } from "../models/dual-path.js";
import { startOfRun } from "./checkpoint.js";
import type { Batch } from "./data.js";
import { sampledClassifier } from "./sampled-classifier.js";
import type { SourceSize } from "./stage-graph.js";
import { StageRunner } from "./stage-runner.js";
import type { Stage } from "./stage.js";

/** One node of a training step: its cost, and its mean time over the measured steps. */
export interface NodeProfile extends ExplanationRow {
  readonly milliseconds: number;
  /** Part of `milliseconds` that copies into and out of the kernel's layouts take. */
  readonly reorderMilliseconds: number;
}

/** What is timed, and on what batch. */
export interface ProfileOptions {
  /** Holds the model's parameters; they learn in the measured steps. */
  readonly store: Store;
  readonly model: DualPath;
  readonly stage: Stage;
  readonly batch: Batch;
  readonly source: SourceSize;
  readonly steps: number;
  /** Default: f32. */
  readonly precision?: Precision;
  readonly signal?: AbortSignal;
}

/**
 * Times every node of a stage's training step in milliseconds, nodes in execution order. The first step warms
 * up and does not count. Throws CONFIG as {@link stageGraph}, STORE_MISSING unless the Store holds the
 * parameters, BATCH for arrays that do not fit, NON_FINITE when the loss is no number, the signal's reason
 * when it is raised.
 */
export async function profileStage(options: ProfileOptions): Promise<NodeProfile[]> {
  const { store, model, stage, batch, source, steps, signal, precision = "f32" } = options;
  const runner = await StageRunner.open({
    store,
    model,
    stage,
    stepsPerEpoch: 1,
    seed: 0,
    source,
    fresh: true,
    precision,
    classifier: sampledClassifier(model, 0),
  });
  try {
    await runner.step(batch, startOfRun);
    const sums = runner.explain().rows.map((row) => ({ ...row, milliseconds: 0, reorderMilliseconds: 0 }));
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      (await runner.profile(batch, startOfRun)).forEach((time, index) => {
        sums[index]!.milliseconds += time.milliseconds / steps;
        sums[index]!.reorderMilliseconds += time.reorderMilliseconds / steps;
      });
    }
    return sums;
  } finally {
    await runner.dispose();
  }
}
