import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { readDocument, type ConfigDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { requireData, withWeights } from "../config/places.js";
import { ExperimentError } from "../errors.js";
import { refuseLocalization } from "../localization/config.js";
import { availableCores } from "../process/cores.js";
import { planSingle, planSweep, type TrialPlan } from "../space/plan.js";
import { sweepDirectory } from "../sweep/directory.js";
import { localLauncher } from "../sweep/launcher.js";
import type { SweepConfig } from "../space/schema.js";
import { openTracker, requireNamedServer } from "../tracking/open-tracker.js";
import type { Workspace } from "../workspace/root.js";
import { gitState } from "../workspace/versions.js";
import { checkPlans } from "./check.js";
import { findConfig } from "./find-config.js";
import { withData } from "./override.js";
import { DEFAULT_OBJECTIVE, SINGLE_COURSE, runExperiment, type ExperimentEnd } from "./run-experiment.js";

/** What a command brings from the command line and its surroundings. */
export interface CommandContext {
  readonly workspace: Workspace;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export interface RunOptions {
  readonly config: string;
  readonly data?: string | undefined;
  /** Weights of the image trunk instead of the config's. */
  readonly weights?: string | undefined;
  readonly fresh?: boolean | undefined;
  readonly offline?: boolean | undefined;
  /** Trials side by side instead of the config's number. */
  readonly jobs?: number | undefined;
  /** Folder below `runs/` instead of the config's name. */
  readonly folder?: string | undefined;
}

/** A command's experiment: its file, validated, and every trial of it. */
export interface PreparedExperiment {
  readonly file: string;
  readonly document: ConfigDocument;
  readonly experiment: Experiment;
}

/** Finds, reads and validates an experiment. Throws USAGE for a config of phrase localization. */
export function readExperiment(
  { config, data, weights }: RunOptions,
  { workspace }: CommandContext,
): PreparedExperiment {
  const file = findConfig(config, workspace);
  const written = readDocument(file);
  refuseLocalization(written);
  const document = withWeights(withData(written, data), weights);
  return { file, document, experiment: validated(document, experimentSchema) };
}

/** `train`: the experiment as it stands, its sweep section left aside. */
export async function trainCommand(options: RunOptions, context: CommandContext): Promise<ExperimentEnd> {
  const prepared = readExperiment(options, context);
  const { experiment } = prepared;
  const suffix = experiment.sweep === undefined ? "" : "-train";
  const folder = options.folder ?? `${experiment.name}${suffix}`;
  return run(prepared, planSingle(experiment), undefined, { ...options, folder }, context);
}

/** `sweep`: every point of the experiment's space. */
export async function sweepCommand(options: RunOptions, context: CommandContext): Promise<ExperimentEnd> {
  const prepared = readExperiment(options, context);
  return run(prepared, plansOf(prepared), prepared.experiment.sweep, options, context);
}

/** Every trial of the sweep section, validated. Throws USAGE when there is none. */
export function plansOf({ file, document, experiment }: PreparedExperiment): TrialPlan<Experiment>[] {
  if (experiment.sweep !== undefined)
    return planSweep(document, experimentSchema, experiment.sweep, experiment.seed);
  const message = `${file} has no 'sweep' section. Add one, or run the experiment once with experiments:train.`;
  throw new ExperimentError("USAGE", message, { file });
}

const trialMain = fileURLToPath(new URL("../trial/main.js", import.meta.url));

async function run(
  { file, experiment }: PreparedExperiment,
  plans: readonly TrialPlan<Experiment>[],
  sweep: SweepConfig | undefined,
  options: RunOptions,
  context: CommandContext,
): Promise<ExperimentEnd> {
  const { workspace, output, signal } = context;
  const write = (line: string): void => void output.write(`${line}\n`);
  const course = sweep ?? SINGLE_COURSE;
  const objective = experiment.sweep?.objective ?? DEFAULT_OBJECTIVE;
  const record = { tracking: experiment.tracking, objective, git: gitState(workspace.root) };
  const offline = options.offline ?? false;
  return runExperiment({
    name: experiment.name,
    what: sweep === undefined ? "run" : "sweep",
    configText: readFileSync(file, "utf8"),
    plans,
    check: async () => {
      requireData(experiment);
      if (!offline) await requireNamedServer(experiment.tracking);
      await checkPlans(plans, { workspace, signal, onProgress: write });
    },
    course: options.jobs === undefined ? course : { ...course, parallel: options.jobs },
    objective,
    directory: sweepDirectory(join(workspace.runs, options.folder ?? experiment.name)),
    launcher: localLauncher([process.execPath, trialMain]),
    openTracker: (tracked, onNote) => openTracker({ sweep: tracked, record, workspace, offline, onNote }),
    cores: availableCores(),
    fresh: options.fresh ?? false,
    output,
    signal,
  });
}
