/** Retrieval in one direction; recalls in percent of the queries that have a match in the gallery. */
export interface RetrievalSummary {
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
  /** VSE++'s median rank: floor(median of 0-based ranks) + 1. */
  readonly medianRank: number;
  /** Paper A's median rank: the smallest rank where strictly more than half of the queries have hit. */
  readonly medianRankStrict: number;
  readonly meanRank: number;
  /** Queries counted, and queries left out because nothing in the gallery matches them. */
  readonly queries: number;
  readonly unmatched: number;
}

/** Both directions and the sum of the six recalls. */
export interface RetrievalResult {
  readonly imageToText: RetrievalSummary;
  readonly textToImage: RetrievalSummary;
  readonly rsum: number;
}

/** 0-based median as NumPy takes it: the mean of the two middle values of an even count. */
function median(sorted: Int32Array): number {
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}

/**
 * Summary of 1-based ranks of each query's best match, recalls in percent; rank 0 marks a query without a
 * match in the gallery. All numbers but the counts are NaN when no query has a match.
 */
export function summarizeRanks(ranks: Int32Array): RetrievalSummary {
  const sorted = ranks.filter((rank) => rank > 0).sort();
  const queries = sorted.length;
  const recall = (k: number): number => (100 * sorted.filter((rank) => rank <= k).length) / queries;
  const sum = sorted.reduce((total, rank) => total + rank, 0);
  return {
    r1: recall(1),
    r5: recall(5),
    r10: recall(10),
    medianRank: queries === 0 ? Number.NaN : Math.floor(median(sorted) - 1) + 1,
    medianRankStrict: sorted[queries >> 1] ?? Number.NaN,
    meanRank: sum / queries,
    queries,
    unmatched: ranks.length - queries,
  };
}

/** Pairs two directions with the sum of their recalls (rsum, in percent, at most 600). */
export function retrievalResult(
  imageToText: RetrievalSummary,
  textToImage: RetrievalSummary,
): RetrievalResult {
  const recalls = ({ r1, r5, r10 }: RetrievalSummary): number => r1 + r5 + r10;
  return { imageToText, textToImage, rsum: recalls(imageToText) + recalls(textToImage) };
}

/**
 * Mean over folds or galleries, every one weighing the same (COCO's five folds of 1,000 images; one gallery per
 * vendor); counts of queries are added. Throws RangeError for an empty list.
 */
export function averageRetrieval(results: readonly RetrievalResult[]): RetrievalResult {
  if (results.length === 0) throw new RangeError("averageRetrieval: no results to average");
  return retrievalResult(
    averageSummaries(results.map((result) => result.imageToText)),
    averageSummaries(results.map((result) => result.textToImage)),
  );
}

function averageSummaries(summaries: readonly RetrievalSummary[]): RetrievalSummary {
  const sum = (key: keyof RetrievalSummary): number => summaries.reduce((total, one) => total + one[key], 0);
  const mean = (key: keyof RetrievalSummary): number => sum(key) / summaries.length;
  return {
    r1: mean("r1"),
    r5: mean("r5"),
    r10: mean("r10"),
    medianRank: mean("medianRank"),
    medianRankStrict: mean("medianRankStrict"),
    meanRank: mean("meanRank"),
    queries: sum("queries"),
    unmatched: sum("unmatched"),
  };
}

/** A fold: consecutive images and their captions, as index lists into the full set. */
export interface Fold {
  readonly images: Int32Array;
  readonly texts: Int32Array;
}

/**
 * Cuts a test set into folds of `size` consecutive images with the captions that match them (COCO 1K: size
 * 1,000); images that do not fill a last fold are left out. `imageLabels` and `textLabels` hold one class for
 * each row; equal ones match.
 */
export function consecutiveFolds(
  imageLabels: Int32Array,
  textLabels: Int32Array,
  size: number,
): readonly Fold[] {
  const folds = Math.floor(imageLabels.length / size);
  return Array.from({ length: folds }, (_, fold) => {
    const images = Int32Array.from({ length: size }, (_unused, index) => fold * size + index);
    const labels = new Set(images.map((image) => imageLabels[image]!));
    const texts = Int32Array.from(textLabels.keys()).filter((text) => labels.has(textLabels[text]!));
    return { images, texts };
  });
}
