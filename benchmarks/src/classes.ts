// npx nx run benchmarks:classes -- [--json FILE] [--classes 30000,1000000,10000000] [--steps N]
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import {
  curriculumSchema,
  defaultThreads,
  SampledClassifier,
  Trainer,
  type Batch,
  type TrainingData,
} from "@dualpath/core";

const DIMENSION = 128;
const BATCH = 256;
const SAMPLE = 8192;
const WARM_UP = 5;

interface Row {
  readonly classes: number;
  /** Median milliseconds of a step, and processor milliseconds of all threads of one. */
  readonly milliseconds: number;
  readonly processorMilliseconds: number;
  /** Centres and their momentum. */
  readonly predictedBytes: number;
  /** Growth of the process's memory until the last step, which has the step's arena in it. */
  readonly measuredBytes: number;
}

/** Pairs of vectors that a step takes no time to make, of classes all over the range. */
function vectorPairs(classes: number, steps: number): TrainingData {
  const image = Float32Array.from({ length: BATCH * DIMENSION }, (_, index) => Math.sin(index));
  const text = image.map((value, index) => value + 0.1 * Math.cos(index));
  async function* batches(): AsyncGenerator<Batch> {
    for (let step = 0; step < steps; step++) {
      const labels = Int32Array.from({ length: BATCH }, (_, row) => (row * 7919 + step * 104_729) % classes);
      yield { image, text, imageLabel: labels, textLabel: labels };
    }
  }
  const evaluation = (split: string): never => {
    throw new RangeError(`the benchmark has no split '${split}'`);
  };
  const sizes = { classes, vocabularySize: 0, length: DIMENSION, imageShape: [DIMENSION] };
  return { ...sizes, stepsPerEpoch: () => steps, batches, evaluation };
}

const model = {
  image: { kind: "features", dimension: DIMENSION },
  text: { kind: "vector", dimension: DIMENSION },
  embedding: DIMENSION,
  head: { imageHidden: 0, dropout: 0 },
  classifier: { bias: false, sampled: SAMPLE },
};

const curriculum = curriculumSchema.parse([
  {
    name: "instance",
    epochs: 1,
    batchSize: BATCH,
    losses: { instance: {} },
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
    learningRate: 0.1,
  },
]);

async function measure(classes: number, steps: number): Promise<Row> {
  const before = process.memoryUsage.rss();
  const data = vectorPairs(classes, WARM_UP + steps);
  const threads = defaultThreads();
  await using trainer = new Trainer({ model, curriculum, data, seed: 0, device: "cpu", threads });
  const times: number[] = [];
  let [started, used] = [performance.now(), process.cpuUsage()];
  for await (const event of trainer.run()) {
    if (event.type !== "step") continue;
    const now = performance.now();
    times.push(now - started);
    started = now;
    if (times.length === WARM_UP) used = process.cpuUsage();
  }
  const { user, system } = process.cpuUsage(used);
  const sorted = times.slice(WARM_UP).sort((a, b) => a - b);
  return {
    classes,
    milliseconds: sorted[steps >> 1]!,
    processorMilliseconds: (user + system) / 1000 / steps,
    predictedBytes: SampledClassifier.bytes(
      { rows: classes, dimension: DIMENSION },
      curriculum[0]!.optimizer,
    ),
    measuredBytes: process.memoryUsage.rss() - before,
  };
}

/** In a process of its own, whose memory nothing else has grown. */
async function measureAlone(classes: number, steps: string): Promise<Row> {
  const self = fileURLToPath(import.meta.url);
  const arguments_ = [self, "--alone", "--classes", String(classes), "--steps", steps];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_);
  return JSON.parse(stdout) as Row;
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      classes: { type: "string", default: "30000,100000,1000000,3000000,10000000" },
      steps: { type: "string", default: "30" },
      alone: { type: "boolean", default: false },
    },
  });
  if (values.alone) {
    process.stdout.write(JSON.stringify(await measure(Number(values.classes), Number(values.steps))));
    return;
  }
  const rows: Row[] = [];
  for (const classes of values.classes.split(",").map(Number)) {
    const row = await measureAlone(classes, values.steps);
    rows.push(row);
    process.stdout.write(
      `${classes} classes: ${row.milliseconds.toFixed(1)} ms a step, ` +
        `${row.processorMilliseconds.toFixed(1)} of a processor; memory predicted ` +
        `${mebibytes(row.predictedBytes)} MiB, grown by ${mebibytes(row.measuredBytes)} MiB\n`,
    );
  }
  const machine = { processor: cpus()[0]?.model ?? "unknown", cores: defaultThreads() };
  const setting = { dimension: DIMENSION, batch: BATCH, sample: SAMPLE };
  if (values.json === undefined) return;
  const report = { date: new Date().toISOString().slice(0, 10), machine, setting, rows };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

await main();
