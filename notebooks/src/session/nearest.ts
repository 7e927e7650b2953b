import { ExactSearch, type Store } from "@dualpath/core";

/** A row of the gallery with its cosine. */
export interface Hit {
  readonly row: number;
  readonly score: number;
}

/** The `count` rows of the gallery nearest to each query, best first; both [rows, dimension] of unit rows. */
export async function nearest(
  store: Store,
  queries: Float32Array,
  gallery: Float32Array,
  { dimension, count }: { readonly dimension: number; readonly count: number },
): Promise<Hit[][]> {
  const read = (first: number, rows: number): Float32Array =>
    gallery.subarray(first * dimension, (first + rows) * dimension);
  const search = await ExactSearch.open(store, { count: gallery.length / dimension, dimension, read });
  try {
    const found = await search.search(queries, count);
    return found.map(({ rows, scores }) => Array.from(rows, (row, at) => ({ row, score: scores[at]! })));
  } finally {
    await search.dispose();
  }
}
