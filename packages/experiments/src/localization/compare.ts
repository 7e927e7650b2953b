import { Embedder, Graph, loadModel, Store, type PairScore } from "@dualpath/core";
import type { ImageRows, TextRows } from "@dualpath/datasets";
import { embedRows, EMBEDDED_AT_ONCE, type EmbeddedRows } from "./embed.js";
import type { Device } from "../config/schema.js";

/** Regions and phrases that can be held against each other. Dispose it when done. */
export interface Comparison {
  /** For each of the phrases, once, how well every region fits it, in the regions' order; higher is better. */
  scores(
    regions: readonly number[],
    phrases: readonly number[],
  ): Promise<ReadonlyMap<number, ArrayLike<number>>>;
  dispose(): Promise<void>;
}

export interface ComparisonOptions {
  readonly device: Device;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * Embeds every region and every phrase with a checkpoint's model, and compares them as it does: by its similarity network
 * or, where it has none, by their cosine.
 */
export async function openComparison(
  checkpoint: string,
  images: ImageRows,
  texts: TextRows,
  { device, threads, signal }: ComparisonOptions,
): Promise<Comparison> {
  const store = Store.open({ device, threads });
  try {
    const { model } = await loadModel(checkpoint, store);
    const embedder = await Embedder.open(store, model, { batchSize: EMBEDDED_AT_ONCE });
    const embedded = await embedRows(embedder, images, texts, signal);
    await embedder.dispose();
    const scores =
      embedder.score === undefined
        ? byCosine(embedded).scores
        : await byNetwork(store, embedder.score, embedded, signal);
    return { scores, dispose: () => store.dispose() };
  } catch (error) {
    await store.dispose();
    throw error;
  }
}

/** Cosines of unit vectors. */
export function byCosine({ images, texts, dimension }: EmbeddedRows): Comparison {
  const cosine = (region: number, phrase: number): number => {
    let sum = 0;
    for (let k = 0; k < dimension; k++)
      sum += images[region * dimension + k]! * texts[phrase * dimension + k]!;
    return sum;
  };
  return {
    scores: (regions, phrases) =>
      Promise.resolve(
        new Map(phrases.map((phrase) => [phrase, regions.map((region) => cosine(region, phrase))])),
      ),
    dispose: () => Promise.resolve(),
  };
}

/** Phrases and regions of one step of the network; the last step of either is padded. */
const PHRASES = 16;
const REGIONS = 64;

async function byNetwork(
  store: Store,
  score: PairScore,
  { images, texts, dimension }: EmbeddedRows,
  signal: AbortSignal,
): Promise<Comparison["scores"]> {
  const graph = new Graph("localization.scores");
  const [phrase, region] = [
    graph.input("phrase", [PHRASES, dimension]),
    graph.input("region", [REGIONS, dimension]),
  ];
  const program = await store.compile(graph, { taps: { fit: score(phrase, region) } });
  return async (regions, phrases) => {
    const found = new Map(phrases.map((row) => [row, new Float32Array(regions.length)]));
    for (const own of blocks([...found.keys()], PHRASES))
      for (const [block, others] of blocks(regions, REGIONS).entries()) {
        signal.throwIfAborted();
        const { fit } = await program.step({
          phrase: gathered(texts, own, [PHRASES, dimension]),
          region: gathered(images, others, [REGIONS, dimension]),
        });
        for (const [place, row] of own.entries()) {
          const scores = (fit as Float32Array).subarray(place * REGIONS, place * REGIONS + others.length);
          found.get(row)?.set(scores, block * REGIONS);
        }
      }
    return found;
  };
}

const blocks = (rows: readonly number[], most: number): readonly (readonly number[])[] =>
  Array.from({ length: Math.ceil(rows.length / most) }, (_, index) =>
    rows.slice(index * most, (index + 1) * most),
  );

/** The named rows of a matrix, zeros behind them. */
function gathered(
  all: Float32Array,
  rows: readonly number[],
  [most, dimension]: readonly [number, number],
): Float32Array {
  const block = new Float32Array(most * dimension);
  for (const [place, row] of rows.entries())
    block.set(all.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  return block;
}
