import type { ImageRows, Multiply, TextRows } from "@dualpath/datasets";
import { canonicalCorrelation } from "../baselines/canonical-correlation.js";
import { canonicalEmbedding } from "../baselines/canonical-embedding.js";
import type { BaselineConfig } from "../baselines/config.js";
import { byCosine, type Comparison } from "./compare.js";
import { regionBlocks, textBlocks } from "./embed.js";
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

/** Candidates and phrases, compared in the normalised canonical coordinates of the training pairs. */
export async function canonicalRegions(
  { training, pairs, candidates, texts, seed, multiply }: BaselineInput,
  { dimensions, regularization, power }: BaselineConfig,
): Promise<Comparison> {
  const widths = [training.shape[0]!, texts.length] as const;
  const { x, y, correlations } = await canonicalCorrelation(pairedRows(training, texts, pairs), {
    ...{ widths, dimensions, regularization, seed, multiply },
  });
  const options = { correlations, power, multiply };
  return byCosine({
    images: await canonicalEmbedding(x, regionRows(candidates), candidates.count, options),
    texts: await canonicalEmbedding(y, phraseRows(texts), texts.count, options),
    dimension: dimensions,
  });
}

async function* regionRows(regions: ImageRows): AsyncGenerator<Float32Array> {
  for await (const { image } of regionBlocks(regions, BLOCK)) yield image;
}

async function* phraseRows(texts: TextRows): AsyncGenerator<Float32Array> {
  for await (const { text } of textBlocks(texts, BLOCK)) yield Float32Array.from(text);
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
