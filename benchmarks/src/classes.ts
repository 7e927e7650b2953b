// npx nx run benchmarks:classes -- [--json FILE] [--classes 30000,1000000,10000000] [--steps N]
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CentreTable, SampledClassifier, Store } from "@dualpath/core";

const DIMENSION = 128;
const BATCH = 256;
const SAMPLE = 8192;
const WARM_UP = 5;
const update = { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 };

interface Row {
  readonly classes: number;
  /** Median milliseconds of a step. */
  readonly milliseconds: number;
  readonly predictedBytes: number;
  /** Growth of the process's memory until the last step; momentum that no step has touched takes none. */
  readonly measuredBytes: number;
}

async function measure(classes: number, steps: number): Promise<Row> {
  const before = process.memoryUsage.rss();
  await using store = Store.open({ device: "cpu", threads: availableParallelism() });
  const options = { classes, dimension: DIMENSION, sample: SAMPLE, batchSize: BATCH, seed: 0 };
  await using classifier = await SampledClassifier.open(store, options);
  const features = Float32Array.from({ length: BATCH * DIMENSION }, (_, index) => Math.sin(index));
  const times: number[] = [];
  for (let step = 0; step < WARM_UP + steps; step++) {
    const labels = Int32Array.from({ length: BATCH }, (_, row) => (row * 7919 + step * 104_729) % classes);
    const started = performance.now();
    await classifier.step(features, labels, update);
    if (step >= WARM_UP) times.push(performance.now() - started);
  }
  const milliseconds = times.sort((a, b) => a - b)[steps >> 1]!;
  const predictedBytes = CentreTable.bytes({ rows: classes, dimension: DIMENSION });
  return { classes, milliseconds, predictedBytes, measuredBytes: process.memoryUsage.rss() - before };
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      classes: { type: "string", default: "30000,100000,1000000,3000000,10000000" },
      steps: { type: "string", default: "30" },
    },
  });
  const rows: Row[] = [];
  for (const classes of values.classes.split(",").map(Number)) {
    const row = await measure(classes, Number(values.steps));
    rows.push(row);
    process.stdout.write(
      `${classes} classes: ${row.milliseconds.toFixed(1)} ms a step; memory predicted ` +
        `${mebibytes(row.predictedBytes)} MiB, grown by ${mebibytes(row.measuredBytes)} MiB\n`,
    );
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

await main();
