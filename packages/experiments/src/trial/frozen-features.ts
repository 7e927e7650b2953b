import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { imageTrunkFeatures } from "@dualpath/core";
import { readFeatures, writeFeatures, type Corpus, type ImageRows } from "@dualpath/datasets";
import type { Experiment } from "../config/experiment.js";
import { canonicalJson, digest } from "../config/identity.js";
import { ExperimentError } from "../errors.js";
import { takeLock, type Lock } from "../process/lock.js";
import type { Workspace } from "../workspace/root.js";
import { FrozenTrunk, type FrozenFeatures } from "./frozen-trunk.js";
import { sourceSize } from "./measure.js";

/** What takes the place of a corpus's pictures; undefined where the model reads the pictures themselves. */
export type ImageSource = ((corpus: Corpus) => Promise<ImageRows>) | undefined;

/** Rows that tell their shape only: enough to look at an experiment without running its trunk. */
export function declaredFeatures({ features }: Experiment): ImageSource {
  if (features === undefined) return undefined;
  const read = (): never => {
    throw new ExperimentError("DATA", "features: nothing was computed yet; only a trial computes them");
  };
  const shape = [imageTrunkFeatures(features.trunk)];
  return async ({ imageNames }) => ({
    kind: "features",
    count: imageNames.length,
    shape,
    read: async () => read(),
    close: async () => undefined,
  });
}

export interface ComputeOptions {
  readonly workspace: Workspace;
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** Features of the config's frozen trunk, computed once for equal pictures, trunk and weights and kept in `.dualpath`. */
export function computedFeatures(
  { features, device }: Pick<Experiment, "features" | "device">,
  options: ComputeOptions,
): ImageSource {
  if (features === undefined) return undefined;
  return async (corpus) => {
    const images = await corpus.openImages();
    const folder = join(options.workspace.local, "features");
    const file = join(folder, `${await keyOf(features, corpus, images)}.safetensors`);
    mkdirSync(folder, { recursive: true });
    const lock = await waitForLock(`${file}.lock`, options.signal);
    try {
      if (!existsSync(file)) await compute(file, { features, device, corpus, images }, options);
    } finally {
      lock.release();
    }
    return readFeatures(file, corpus.imageNames);
  };
}

const KEY_LENGTH = 24;

async function keyOf(features: FrozenFeatures, { imageNames }: Corpus, images: ImageRows): Promise<string> {
  const { weights, ...rest } = features;
  const pictures = { names: imageNames, shape: images.shape, checksum: images.checksum };
  return digest(canonicalJson({ ...rest, weights: await fileDigest(weights), pictures }), KEY_LENGTH);
}

async function fileDigest(file: string): Promise<string> {
  if (!existsSync(file)) {
    const message = `${file}: there are no such trunk weights. Correct features.weights, or name them with --weights.`;
    throw new ExperimentError("DATA_MISSING", message, { file });
  }
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const POLL_MILLISECONDS = 500;

/** Trials that run side by side want the same features: one computes them, the others wait. */
async function waitForLock(file: string, signal: AbortSignal | undefined): Promise<Lock> {
  for (;;) {
    const outcome = takeLock(file);
    if ("lock" in outcome) return outcome.lock;
    await sleep(POLL_MILLISECONDS, undefined, signal === undefined ? {} : { signal });
  }
}

interface Computation {
  readonly features: FrozenFeatures;
  readonly device: Experiment["device"];
  readonly corpus: Corpus;
  readonly images: ImageRows;
}

const BATCH = 32;

async function compute(
  file: string,
  { features, device, corpus, images }: Computation,
  { threads, signal, onProgress }: ComputeOptions,
): Promise<void> {
  const source = sourceSize(images.shape);
  const names = corpus.imageNames;
  const content = { names, dimension: imageTrunkFeatures(features.trunk), source: canonicalJson(features) };
  const trunk = await FrozenTrunk.open(features, { device, threads });
  const writer = await writeFeatures(file, content);
  try {
    const pictures = { batches: (size: number) => rowsInOrder(images, size) };
    const options = { batchSize: BATCH, ...(source && { source }), ...(signal && { signal }) };
    let done = 0;
    for await (const rows of trunk.features(pictures, options)) {
      signal?.throwIfAborted();
      await writer.append(rows);
      done = Math.min(names.length, done + BATCH);
      if (done % (BATCH * 25) === 0) onProgress?.(`frozen features: ${done} of ${names.length} pictures`);
    }
    await writer.finish();
  } finally {
    await writer.discard();
    await trunk.dispose();
  }
}

async function* rowsInOrder(images: ImageRows, size: number) {
  for (let first = 0; first < images.count; first += size) {
    const count = Math.min(size, images.count - first);
    const rows = Int32Array.from({ length: count }, (_, index) => first + index);
    yield { image: await images.read(rows), count };
  }
}
