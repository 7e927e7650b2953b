import { writeFileSync } from "node:fs";
import {
  dualPath,
  initialize,
  profileStage,
  roofline,
  Store,
  type Batch,
  type NodeProfile,
  type Roofline,
  type Stage,
} from "@dualpath/core";
import type { TrainingData } from "@dualpath/datasets";
import type { Experiment } from "../config/experiment.js";
import { availableCores } from "../process/cores.js";
import { totalsBy, type ProfileTotal } from "../report/profile.js";
import { formatText } from "../report/table.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import { sourceSize } from "../trial/measure.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";
import { openComputed } from "./open-computed.js";

export interface ProfileCommandOptions extends Pick<RunOptions, "config" | "data" | "weights"> {
  readonly steps?: number | undefined;
  /** Print so many of the heaviest nodes of every stage as well. */
  readonly nodes?: number | undefined;
  readonly json?: string | undefined;
}

/** The measured training step of one stage. */
export interface StageProfile {
  readonly stage: string;
  readonly roofline: Roofline;
  readonly nodes: readonly NodeProfile[];
}

const STEPS = 5;

/**
 * `profile`: where the time of every stage's training step goes, beside what the machine can do. Throws DATA_MISSING
 * with what to download where the config's files are missing.
 */
export async function profileCommand(
  options: ProfileCommandOptions,
  context: CommandContext,
): Promise<StageProfile[]> {
  const { experiment } = readExperiment(options, context);
  const { device } = experiment;
  const threads = experiment.threads ?? availableCores();
  const { multiply, close } = engineMultiply(device, threads);
  const { corpus, data } = await openComputed(experiment, { ...context, multiply }).finally(close);
  const store = Store.open({ device, threads });
  try {
    const profiles: StageProfile[] = [];
    for await (const profile of stageProfiles(store, experiment, data, options, context.signal)) {
      profiles.push(profile);
      context.output.write(`${describeProfile(profile, options.nodes ?? 0)}\n`);
    }
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(profiles, null, 2)}\n`);
    return profiles;
  } finally {
    await store.dispose();
    await corpus.close();
  }
}

async function* stageProfiles(
  store: Store,
  { model: declared, curriculum, precision, seed }: Experiment,
  data: TrainingData,
  { steps = STEPS }: ProfileCommandOptions,
  signal: AbortSignal,
): AsyncGenerator<StageProfile> {
  const model = dualPath(declared, { classes: data.classes, vocabulary: data.vocabularySize });
  const source = sourceSize(data.imageShape);
  const ceilings = await roofline(store, { precision, signal });
  for (const stage of curriculum) {
    await initialize(store, model, seed);
    const batch = await firstBatch(data, stage, seed, signal);
    const nodes = await profileStage({ store, model, stage, batch, source, steps, precision, signal });
    yield { stage: stage.name, roofline: ceilings, nodes };
  }
}

async function firstBatch(
  data: TrainingData,
  { batchSize, losses }: Stage,
  seed: number,
  signal: AbortSignal,
): Promise<Batch> {
  const candidates = losses.ranking?.candidates ?? 0;
  for await (const batch of data.batches({ epoch: 0, batchSize, seed, candidates, signal })) return batch;
  throw new RangeError("the training data have no batch");
}

function describeProfile({ stage, roofline: ceilings, nodes }: StageProfile, heaviest: number): string {
  const [total] = totalsBy(nodes, () => "all") as [ProfileTotal];
  const reorders = (100 * total.reorderMilliseconds) / total.milliseconds;
  const heads = [
    `stage ${stage}: ${total.milliseconds.toFixed(1)} ms a step, ${rate(total)}, ${reorders.toFixed(1)} % in reorders`,
    `this machine: ${ceilings.gigaflops.toFixed(0)} GFLOP/s, ${ceilings.gigabytes.toFixed(1)} GB/s`,
  ];
  const tables = [
    table(
      "op",
      totalsBy(nodes, ({ op }) => op),
      total,
    ),
    table("group", totalsBy(nodes, groupOf), total),
  ];
  if (heaviest > 0) {
    const byName = totalsBy(nodes, ({ name, op, kernel }) => `${name} (${op}, ${kernel})`);
    tables.push(table("node", byName.slice(0, heaviest), total));
  }
  return [...heads, ...tables].join("\n\n");
}

/** The part of the model that a node belongs to, its pass in front: "backward image.trunk". An update is of many parts. */
function groupOf({ name, pass }: NodeProfile): string {
  if (pass === "update") return pass;
  const own = pass === "forward" ? name : name.slice(name.indexOf(".") + 1);
  return `${pass} ${own.split(".").slice(0, 2).join(".").replace(/#.*/, "")}`;
}

const rate = ({ gigaflops, gigabytes }: ProfileTotal): string =>
  `${gigaflops.toFixed(1)} GFLOP/s, ${gigabytes.toFixed(1)} GB/s`;

function table(label: string, totals: readonly ProfileTotal[], all: ProfileTotal): string {
  const rows = totals.map((total) => [
    total.name,
    String(total.nodes),
    total.milliseconds.toFixed(2),
    ((100 * total.milliseconds) / all.milliseconds).toFixed(1),
    total.reorderMilliseconds.toFixed(2),
    total.gigaflops.toFixed(1),
    total.gigabytes.toFixed(1),
  ]);
  return formatText({ header: [label, "nodes", "ms", "%", "reorder ms", "GFLOP/s", "GB/s"], rows });
}
