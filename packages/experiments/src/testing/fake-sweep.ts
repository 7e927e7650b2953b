import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runnerShape } from "../config/schema.js";
import { parseConfigDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { planSweep, type TrialPlan } from "../space/plan.js";
import { sweepDirectory, type SweepDirectory } from "../sweep/directory.js";
import { localLauncher } from "../sweep/launcher.js";
import type { SweepObserver } from "../sweep/observer.js";
import { openSession } from "../sweep/session.js";
import { runSweep, type SweepOutcome } from "../sweep/sweep.js";

export const fakeTrial = fileURLToPath(new URL("./fake-trial.mjs", import.meta.url));

const schema = z.strictObject({ ...runnerShape, training: z.looseObject({ learningRate: z.number() }) });

export interface FakeSweep {
  readonly plans: readonly TrialPlan[];
  readonly directory: SweepDirectory;
  readonly text: string;
  readonly run: (observer?: SweepObserver, signal?: globalThis.AbortSignal) => Promise<SweepOutcome>;
}

/** A sweep over the fake trial, in a folder; the space is YAML of the `sweep` section. */
export function fakeSweep(runs: string, training: string, sweep: string): FakeSweep {
  const text = `name: fake\nseed: 5\ntraining: { learningRate: 1, ${training} }\nsweep:\n${sweep}`;
  const document = parseConfigDocument(text, "fake.yaml");
  const experiment = validated(document, schema);
  if (experiment.sweep === undefined) throw new Error("no sweep");
  const course = experiment.sweep;
  const directory = sweepDirectory(join(runs, experiment.name));
  const plans = planSweep(document, schema, course, experiment.seed);
  const run = async (
    observer: SweepObserver = {},
    signal = new AbortController().signal,
  ): Promise<SweepOutcome> => {
    const session = await openSession(directory, experiment.name, plans);
    try {
      const launcher = localLauncher([process.execPath, fakeTrial]);
      return await runSweep({ session, plans, course, launcher, observers: [observer], cores: 4, signal });
    } finally {
      session.close();
    }
  };
  return { plans, directory, text, run };
}
