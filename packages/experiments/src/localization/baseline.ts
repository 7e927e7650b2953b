import { normalizeRows } from "@dualpath/core";
import type { ImageRows, Multiply, TextRows } from "@dualpath/datasets";
import { canonicalCorrelation, canonicalRows } from "../baselines/canonical-correlation.js";
import type { LocalizationBaseline } from "./config.js";
import { regionBlocks, textBlocks, type EmbeddedRows } from "./embed.js";
import type { PhrasePair } from "./phrase-pairs.js";

const BLOCK = 1024;

export interface BaselineInput {
  /** Right regions of the training pairs. */
  readonly training: ImageRows;
  readonly pairs: readonly PhrasePair[];
  /** Regions to be ranked. */
  readonly candidates: ImageRows;
  readonly texts: TextRows;
  readonly seed: number;
  readonly multiply: Multiply;
}

/** Candidates and phrases in the normalised canonical coordinates of the training pairs. */
export async function canonicalEmbedding(
  { training, pairs, candidates, texts, seed, multiply }: BaselineInput,
  { dimensions, regularization, power }: LocalizationBaseline,
): Promise<EmbeddedRows> {
  const widths = [training.shape[0]!, texts.length] as const;
  const found = await canonicalCorrelation(pairedRows(training, texts, pairs), {
    ...{ widths, dimensions, regularization, seed, multiply },
  });
  const images = new Float32Array(candidates.count * dimensions);
  let row = 0;
  for await (const { image, count } of regionBlocks(candidates, BLOCK)) {
    images.set(await canonicalRows(found.x, image, found.correlations, power, multiply), row * dimensions);
    row += count;
  }
  const phrases = new Float32Array(texts.count * dimensions);
  row = 0;
  for await (const { text, count } of textBlocks(texts, BLOCK)) {
    const vectors = Float32Array.from(text);
    phrases.set(await canonicalRows(found.y, vectors, found.correlations, power, multiply), row * dimensions);
    row += count;
  }
  normalizeRows(images, dimensions);
  normalizeRows(phrases, dimensions);
  return { images, texts: phrases, dimension: dimensions };
}

async function* pairedRows(images: ImageRows, texts: TextRows, pairs: readonly PhrasePair[]) {
  for (let first = 0; first < pairs.length; first += BLOCK) {
    const part = pairs.slice(first, first + BLOCK);
    const x = (await images.read(part.map(({ region }) => region))) as Float32Array;
    const y = texts.allocate(part.length);
    part.forEach(({ phrase }, row) => texts.write(y, row, phrase));
    yield { x, y: Float32Array.from(y) };
  }
}
