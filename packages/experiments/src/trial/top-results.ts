/** A query with what it found, best first; rows are rows of the gallery. */
export interface TopResults {
  readonly query: number;
  readonly found: readonly { readonly row: number; readonly score: number; readonly correct: boolean }[];
}

export interface Side {
  /** Unit embeddings, row by row. */
  readonly embedding: Float32Array;
  readonly labels: Int32Array;
  /** Rows that take part; default: all. */
  readonly rows?: Int32Array;
}

const rowsOf = ({ rows, labels }: Side): Int32Array => rows ?? Int32Array.from(labels.keys());

/** Queries spread evenly over the side, those without any match in the gallery left out. */
export function spreadQueries(queries: Side, gallery: Side, count: number): number[] {
  const known = new Set([...rowsOf(gallery)].map((row) => gallery.labels[row]));
  const fit = rowsOf(queries).filter((row) => known.has(queries.labels[row]));
  const wanted = Math.min(count, fit.length);
  return Array.from(
    { length: wanted },
    (_, index) => fit[Math.floor(((index + 0.5) * fit.length) / wanted)] ?? 0,
  );
}

/** The best `count` rows of the gallery for each query by cosine; ties go to the lower row. */
export function topResults(
  queries: Side,
  gallery: Side,
  options: { readonly of: readonly number[]; readonly count: number; readonly dimension: number },
): TopResults[] {
  const { of, count, dimension } = options;
  const rows = [...rowsOf(gallery)];
  return of.map((query) => {
    const vector = queries.embedding.subarray(query * dimension, (query + 1) * dimension);
    const scored = rows.map((row) => ({ row, score: dot(vector, gallery.embedding, row * dimension) }));
    scored.sort((one, other) => other.score - one.score || one.row - other.row);
    const label = queries.labels[query];
    const found = scored
      .slice(0, count)
      .map((hit) => ({ ...hit, correct: gallery.labels[hit.row] === label }));
    return { query, found };
  });
}

function dot(vector: Float32Array, table: Float32Array, offset: number): number {
  let sum = 0;
  for (let index = 0; index < vector.length; index++)
    sum += (vector[index] ?? 0) * (table[offset + index] ?? 0);
  return sum;
}
