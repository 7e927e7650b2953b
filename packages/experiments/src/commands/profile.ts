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
import { totalsBy, type ProfileTotal } from "../report/profile.js";
import { formatText } from "../report/table.js";
import { sourceSize } from "../trial/measure.js";
import { openData } from "../trial/open-data.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";

export interface ProfileCommandOptions extends Pick<RunOptions, "config" | "data"> {
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

/** `profile`: where the time of every stage's training step goes, beside what the machine can do. */
export async function profileCommand(
  options: ProfileCommandOptions,
  context: CommandContext,
): Promise<StageProfile[]> {
  const { workspace, output, signal } = context;
  const { experiment } = readExperiment(options, context);
  const write = (line: string): void => void output.write(`${line}\n`);
  const { corpus, data } = await openData(experiment.corpus, { workspace, signal, onProgress: write });
  const { device, threads, precision } = experiment;
  const store = Store.open({ device, ...(threads === undefined ? {} : { threads }) });
  try {
    const model = dualPath(experiment.model, { classes: data.classes, vocabulary: data.vocabularySize });
    const ceilings = await roofline(store);
    const profiles: StageProfile[] = [];
    for (const stage of experiment.curriculum) {
      await initialize(store, model, experiment.seed);
      const batch = await firstBatch(data, stage, experiment.seed, signal);
      const source = sourceSize(data.imageShape);
      const steps = options.steps ?? STEPS;
      const nodes = await profileStage({ store, model, stage, batch, source, steps, precision, signal });
      profiles.push({ stage: stage.name, roofline: ceilings, nodes });
      write(describeProfile(profiles.at(-1)!, options.nodes ?? 0));
    }
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(profiles, null, 2)}\n`);
    return profiles;
  } finally {
    await store.dispose();
    await corpus.close();
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
