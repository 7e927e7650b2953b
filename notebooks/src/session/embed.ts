import { evaluationSchema, type Embedder, type ImageBatch } from "@dualpath/core";
import {
  newTexts,
  vocabularyOf,
  type ImageRows,
  type Preprocessing,
  type Vocabulary,
} from "@dualpath/datasets";

const views = evaluationSchema.parse({});

/**
 * Unit embeddings of sentences, [sentences, dimension] row by row. `text` is how the training data read theirs
 * (`data.preprocessing.text`). Words that its vocabulary lacks are left out; throws where none is left.
 */
export async function embedSentences(
  embedder: Embedder,
  sentences: readonly string[],
  text: NonNullable<Preprocessing["text"]>,
): Promise<Float32Array> {
  const vocabulary = vocabularyOf(text.words, text);
  const ids = sentences.map((sentence) => knownWords(sentence, vocabulary));
  return embedder.embedTexts(newTexts(ids, text), views);
}

/** Unit embeddings of pictures or of their features, [rows, dimension] row by row. */
export const embedPictures = (embedder: Embedder, rows: ImageRows): Promise<Float32Array> =>
  embedder.embedImages({ count: rows.count, batches: (batchSize) => imageBatches(rows, batchSize) }, views);

/** All pictures in order, whole, in batches; the last one may be short. */
export async function* imageBatches(
  rows: ImageRows,
  batchSize: number,
): AsyncGenerator<ImageBatch, void, void> {
  for (let first = 0; first < rows.count; first += batchSize) {
    const count = Math.min(batchSize, rows.count - first);
    yield { image: await rows.read(Array.from({ length: count }, (_, index) => first + index)), count };
  }
}

function knownWords(sentence: string, vocabulary: Vocabulary): number[] {
  const ids = vocabulary.encode(sentence);
  if (ids.length > 0) return ids;
  throw new Error(`'${sentence}': expected a word that the vocabulary knows, got none`);
}
