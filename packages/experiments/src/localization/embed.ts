import { Embedder, evaluationSchema, loadModel, Store, type Embeddings } from "@dualpath/core";
import type { ImageRows, TextRows } from "@dualpath/datasets";
import type { Device } from "../config/schema.js";

/** Unit vectors of all regions and all phrases. */
export interface EmbeddedRows extends Embeddings {
  readonly dimension: number;
}

export interface EmbedOptions {
  readonly device: Device;
  readonly threads: number;
  readonly signal: AbortSignal;
}

const BATCH = 512;

/** Embeds every region and every phrase with a checkpoint's model. */
export async function embedRows(
  checkpoint: string,
  images: ImageRows,
  texts: TextRows,
  { device, threads, signal }: EmbedOptions,
): Promise<EmbeddedRows> {
  const store = Store.open({ device, threads });
  try {
    const { model } = await loadModel(checkpoint, store);
    const embedder = await Embedder.open(store, model, { batchSize: BATCH });
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
    const embeddings = await embedder.embed(data, evaluationSchema.parse({ batchSize: BATCH }), signal);
    await embedder.dispose();
    return { ...embeddings, dimension: embedder.dimension };
  } finally {
    await store.dispose();
  }
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
