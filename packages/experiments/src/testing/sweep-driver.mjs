// The sweep over fake trials as a process of its own, for tests that kill it: node sweep-driver.mjs CONFIG RUNS [--fresh]
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { loadExperiment } from "../../dist/config/load.js";
import { runnerShape } from "../../dist/config/schema.js";
import { runExperiment } from "../../dist/commands/run-experiment.js";
import { planSweep } from "../../dist/space/plan.js";
import { sweepDirectory } from "../../dist/sweep/directory.js";
import { localLauncher } from "../../dist/sweep/launcher.js";
import { noTracker } from "../../dist/tracking/tracker.js";

const [file, runs, option] = process.argv.slice(2);
const schema = z.strictObject({ ...runnerShape, training: z.looseObject({ learningRate: z.number() }) });
const { experiment, document } = loadExperiment(file, schema);
const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());

const trial = join(dirname(fileURLToPath(import.meta.url)), "fake-trial.mjs");
await runExperiment({
  name: experiment.name,
  what: "sweep",
  configText: "",
  plans: planSweep(document, schema, experiment.sweep, experiment.seed),
  course: experiment.sweep,
  objective: experiment.sweep.objective,
  directory: sweepDirectory(join(runs, experiment.name)),
  launcher: localLauncher([process.execPath, trial]),
  openTracker: async () => noTracker,
  cores: 4,
  fresh: option === "--fresh",
  output: process.stdout,
  signal: stopping.signal,
}).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
if (stopping.signal.aborted) process.exitCode = 143;
