import { uniform01 } from "../../graph/philox.js";
import type { Batch, BatchOptions, EvaluationData, TrainingData } from "../data.js";

export interface SyntheticOptions {
  readonly classes: number;
  readonly imageDimension: number;
  readonly textDimension: number;
  readonly rows: number;
  readonly noise?: number;
}

/** Feature vectors of a few classes, each path with its own random centres; rows vary by uniform noise. */
export function syntheticData(options: SyntheticOptions): TrainingData {
  const { classes, rows, imageDimension, textDimension, noise = 0.3 } = options;
  const images = vectors(rows, imageDimension, classes, noise, 1);
  const texts = vectors(rows, textDimension, classes, noise, 2);
  const labels = Int32Array.from({ length: rows }, (_, row) => row % classes);
  return {
    classes,
    vocabularySize: 0,
    length: textDimension,
    imageShape: [imageDimension],
    stepsPerEpoch: (batchSize) => Math.floor(rows / batchSize),
    batches: (request) => batches(request, { images, texts, labels }, options),
    evaluation: (split) => evaluation(split, { images, texts, labels }, options),
  };
}

interface Rows {
  readonly images: Float32Array;
  readonly texts: Float32Array;
  readonly labels: Int32Array;
}

function vectors(
  rows: number,
  dimension: number,
  classes: number,
  noise: number,
  stream: number,
): Float32Array {
  const centres = uniform01(77, stream, 1, classes * dimension);
  const jitter = uniform01(77, stream, 2, rows * dimension);
  return jitter.map((value, index) => {
    const [row, column] = [Math.floor(index / dimension), index % dimension];
    return 2 * centres[(row % classes) * dimension + column]! - 1 + noise * (2 * value - 1);
  });
}

/** Rows of an epoch in an order that depends on nothing but seed and epoch. */
export function shuffled(rows: number, seed: number, epoch: number): Int32Array {
  const keys = uniform01(seed, 1000, epoch, rows);
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => keys[a]! - keys[b]! || a - b);
}

export function take<T extends Float32Array | Int32Array | Uint8Array>(
  source: T,
  rows: Int32Array,
  width: number,
): T {
  const result = new (source.constructor as new (length: number) => T)(rows.length * width);
  rows.forEach((row, index) =>
    result.set(source.subarray(row * width, (row + 1) * width) as never, index * width),
  );
  return result;
}

/** Each row, followed by the next ones of its class. */
function withNeighbours(chosen: Int32Array, count: number, { rows, classes }: SyntheticOptions): Int32Array {
  return Int32Array.from({ length: chosen.length * count }, (_, index) => {
    const row = chosen[Math.floor(index / count)]!;
    return (row + (index % count) * classes) % rows;
  });
}

async function* batches(request: BatchOptions, rows: Rows, options: SyntheticOptions): AsyncGenerator<Batch> {
  const { epoch, batchSize, seed, skip = 0, candidates = 0, neighbours = { images: 1, texts: 1 } } = request;
  const order = shuffled(options.rows, seed, epoch);
  for (let step = skip; step < Math.floor(options.rows / batchSize); step++) {
    const chosen = order.subarray(step * batchSize, (step + 1) * batchSize);
    const images = withNeighbours(chosen, neighbours.images, options);
    const texts = withNeighbours(chosen, neighbours.texts, options);
    const other = shuffled(options.rows, seed + 1, epoch * 1000 + step).subarray(0, candidates);
    yield {
      image: take(rows.images, images, options.imageDimension),
      text: take(rows.texts, texts, options.textDimension),
      imageLabel: take(rows.labels, images, 1),
      textLabel: take(rows.labels, texts, 1),
      ...(candidates > 0
        ? {
            candidateText: take(rows.texts, other, options.textDimension),
            candidateLabel: take(rows.labels, other, 1),
          }
        : {}),
    };
  }
}

function evaluation(
  name: string,
  { images, texts, labels }: Rows,
  options: SyntheticOptions,
): EvaluationData {
  const slices = function* (data: Float32Array, width: number, batchSize: number): Generator<Float32Array> {
    for (let row = 0; row < options.rows; row += batchSize) {
      yield data.slice(row * width, Math.min(options.rows, row + batchSize) * width);
    }
  };
  return {
    name,
    images: {
      count: options.rows,
      labels,
      async *batches(batchSize) {
        for (const image of slices(images, options.imageDimension, batchSize)) yield { image };
      },
    },
    texts: {
      count: options.rows,
      labels,
      async *batches(batchSize) {
        for (const text of slices(texts, options.textDimension, batchSize)) yield { text };
      },
    },
  };
}
