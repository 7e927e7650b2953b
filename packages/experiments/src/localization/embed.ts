import { evaluationSchema, type Embedder, type Embeddings } from "@dualpath/core";
import type { ImageRows, TextRows } from "@dualpath/datasets";

/** Unit vectors of all regions and all phrases. */
export interface EmbeddedRows extends Embeddings {
  readonly dimension: number;
}

/** Rows of a batch. */
export const EMBEDDED_AT_ONCE = 512;

/** Embeds every region and every phrase. */
export async function embedRows(
  embedder: Embedder,
  images: ImageRows,
  texts: TextRows,
  signal: AbortSignal,
): Promise<EmbeddedRows> {
  const data = {
    name: "regions and phrases",
    images: {
      count: images.count,
      labels: new Int32Array(images.count),
      batches: (rows: number) => regionBlocks(images, rows),
    },
    texts: {
      count: texts.count,
      labels: new Int32Array(texts.count),
      batches: (rows: number) => textBlocks(texts, rows),
    },
  };
  const views = evaluationSchema.parse({ batchSize: EMBEDDED_AT_ONCE });
  return { ...(await embedder.embed(data, views, signal)), dimension: embedder.dimension };
}

/** Features of all regions in order, [n, dimension] a block. */
export async function* regionBlocks(images: ImageRows, rows: number) {
  for (let first = 0; first < images.count; first += rows) {
    const count = Math.min(rows, images.count - first);
    const image = (await images.read(
      Int32Array.from({ length: count }, (_, row) => first + row),
    )) as Float32Array;
    yield { image, count };
  }
}

/** Vectors of all phrases in order, [n, dimension] a block. */
export async function* textBlocks(texts: TextRows, rows: number) {
  for (let first = 0; first < texts.count; first += rows) {
    const count = Math.min(rows, texts.count - first);
    const text = texts.allocate(count);
    for (let row = 0; row < count; row++) texts.write(text, row, first + row);
    yield { text, count };
  }
}
