import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadModel, Trainer, type Stage } from "@dualpath/core";
import {
  readFlickr30kEntities,
  textVectorRows,
  type EntitiesImage,
  type ImageRows,
  type Multiply,
  type OpenedTextVectors,
  type TrainingData,
} from "@dualpath/datasets";
import { ExperimentError } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { canonicalRegions } from "./baseline.js";
import { openComparison } from "./compare.js";
import { splitName, type LocalizationConfig } from "./config.js";
import { mineHardNegatives } from "./hard-negatives.js";
import { localizationPicture } from "./picture.js";
import { hardNegativeData, pairData, phraseBook, trainingPairs, type PhraseBook } from "./phrase-pairs.js";
import { proposalSource, proposedRegions, type ProposalSource, type ProposedRegions } from "./proposals.js";
import { joinedRows, regionFeatures, type Region } from "./regions.js";
import { localizationRow, scoreMentions, type LocalizationRow } from "./score.js";

export interface LocalizeOptions {
  readonly config: LocalizationConfig;
  /** Folder of the run: checkpoints and the picture. */
  readonly directory: string;
  /** Folder of everything that is computed once. */
  readonly cache: string;
  readonly threads: number;
  readonly multiply: Multiply;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Trains a model of regions and phrases, fine-tunes it against wrong boxes of the same image, and measures where it
 * finds the mentions of the split (paper B, 4.4). Leaves checkpoints and `localization.png` in the directory.
 */
export async function localize(options: LocalizeOptions): Promise<LocalizationRow[]> {
  const { config } = options;
  mkdirSync(options.directory, { recursive: true });
  const set = await readFlickr30kEntities(config.entities);
  const images = (split: string) => set.images.filter((image) => image.split === split);
  const [training, measured] = [images("train"), images(config.split)];
  const book = phraseBook(training, measured, config.text.lowerCase);
  if (book.classes === 0)
    throw new ExperimentError("DATA", "entities: no phrase of the training images has a box");
  const source = await proposalSource(config.proposals, config.entities.directory);
  const texts = await phraseVectors(book, options);
  try {
    return await new Localization(options, { training, measured, book, source, texts }).run();
  } finally {
    await texts.close();
  }
}

function phraseVectors(book: PhraseBook, options: LocalizeOptions): Promise<OpenedTextVectors> {
  const { config, cache, multiply, onProgress, signal } = options;
  return textVectorRows(config.text.vectors, config.text, {
    cacheDirectory: cache,
    baseDirectory: config.entities.directory,
    captions: book.texts,
    training: Int32Array.from({ length: book.classes }, (_, row) => row),
    multiply,
    signal,
    onProgress: ({ task, done, total }) => {
      if (done === total) onProgress(`${task}: ${done} of ${total}`);
    },
  });
}

interface LocalizationData {
  readonly training: readonly EntitiesImage[];
  readonly measured: readonly EntitiesImage[];
  readonly book: PhraseBook;
  readonly source: ProposalSource;
  readonly texts: OpenedTextVectors;
}

class Localization {
  readonly #options: LocalizeOptions;
  readonly #data: LocalizationData;
  readonly #started = Date.now();
  readonly #opened: ImageRows[] = [];

  constructor(options: LocalizeOptions, data: LocalizationData) {
    this.#options = options;
    this.#data = data;
  }

  /** The rows of the table; closes what it opened. */
  async run(): Promise<LocalizationRow[]> {
    try {
      return await this.#rows();
    } finally {
      for (const rows of this.#opened) await rows.close();
    }
  }

  async #rows(): Promise<LocalizationRow[]> {
    const { config } = this.#options;
    const { training, measured, book, source, texts } = this.#data;
    const right = trainingPairs(training, book);
    const regions = await this.#features(right.regions, "training boxes");
    const proposed = await proposedRegions(measured, source);
    const candidates = await this.#features(proposed.regions, "proposals");
    const rows: LocalizationRow[] = [];
    if (config.baseline) {
      const { seed } = config;
      const input = { training: regions, pairs: right.pairs, candidates, texts: texts.rows, seed };
      const comparison = await canonicalRegions(
        { ...input, multiply: this.#options.multiply },
        config.baseline,
      );
      const mentions = await scoreMentions(measured, proposed, book, comparison);
      rows.push(localizationRow("normalised CCA", splitName(config), mentions, this.#seconds()));
    }
    let checkpoint = await this.#train(
      config.training,
      pairData({ images: regions, texts: texts.rows, book }, right.pairs),
    );
    rows.push(await this.#measure(config.training.name, checkpoint, proposed, candidates));
    if (config.hardNegatives) {
      const data = await this.#hardNegatives(checkpoint, right, regions);
      checkpoint = await this.#train(config.hardNegatives.stage, data, checkpoint);
      rows.push(await this.#measure(config.hardNegatives.stage.name, checkpoint, proposed, candidates));
    }
    return rows;
  }

  #seconds(): number {
    return (Date.now() - this.#started) / 1000;
  }

  async #features(regions: readonly Region[], what: string): Promise<ImageRows> {
    const { config, cache, threads, onProgress, signal } = this.#options;
    const folder = join(cache, "regions");
    const rows = await regionFeatures(regions, {
      ...{ config: config.regions, device: config.device, threads, folder, what, onProgress, signal },
    });
    this.#opened.push(rows);
    return rows;
  }

  /** Trains one stage, from a checkpoint's weights where one is given; returns its checkpoint. */
  async #train(stage: Stage, data: TrainingData, from?: string): Promise<string> {
    const { config, directory, threads, onProgress, signal } = this.#options;
    const { model, seed, device } = config;
    const folder = join(directory, stage.name);
    mkdirSync(folder, { recursive: true });
    const trainer = new Trainer({
      ...{ model, curriculum: [stage], data, seed, device, threads, signal, directory: folder, resume: true },
      ...(from === undefined ? {} : { prepare: async (store) => void (await loadModel(from, store)) }),
    });
    try {
      for await (const event of trainer.run()) {
        if (event.type !== "step" || event.stageStep % event.stepsPerEpoch !== 0) continue;
        onProgress(
          `${stage.name}: epoch ${event.epoch + 1} of ${stage.epochs}, loss ${event.loss.toFixed(4)}`,
        );
      }
      signal.throwIfAborted();
    } finally {
      await trainer.dispose();
    }
    return join(folder, `stage-${stage.name}.safetensors`);
  }

  /** Batches with the wrong boxes that the model likes best. */
  async #hardNegatives(
    checkpoint: string,
    right: ReturnType<typeof trainingPairs>,
    regions: ImageRows,
  ): Promise<TrainingData> {
    const { config, onProgress } = this.#options;
    const { training, book, source, texts } = this.#data;
    const rule = config.hardNegatives ?? { each: 1, below: 0.3, proposals: 1 };
    const proposed = await proposedRegions(training, source, rule.proposals);
    const wrong = await this.#features(proposed.regions, "training proposals");
    const images = joinedRows(regions, wrong);
    const comparison = await openComparison(checkpoint, images, texts.rows, this.#comparing());
    const mined = await mineHardNegatives({ ...right, proposed, comparison }, rule).finally(() =>
      comparison.dispose(),
    );
    onProgress(`hard negatives: ${rule.each} for each of ${mined.kept.length} pairs`);
    return hardNegativeData({ images, texts: texts.rows, book }, mined.kept, mined.negatives);
  }

  #comparing() {
    const { config, threads, signal } = this.#options;
    return { device: config.device, threads, signal };
  }

  async #measure(
    name: string,
    checkpoint: string,
    proposed: ProposedRegions,
    candidates: ImageRows,
  ): Promise<LocalizationRow> {
    const { config, directory } = this.#options;
    const { measured, book, texts } = this.#data;
    const comparison = await openComparison(checkpoint, candidates, texts.rows, this.#comparing());
    const mentions = await scoreMentions(measured, proposed, book, comparison).finally(() =>
      comparison.dispose(),
    );
    const title = `${config.name}, ${name}: green right, red wrong, dashed the truth`;
    writeWhole(
      join(directory, "localization.png"),
      await localizationPicture(title, measured, proposed, mentions),
    );
    return localizationRow(name, splitName(config), mentions, this.#seconds());
  }
}
