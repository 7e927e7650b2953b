import { DatasetError } from "../errors.js";
import { BOX_SIZE, randomBox, type CropAugmentation } from "../image/boxes.js";
import { CANDIDATE_DRAWS, drawCandidates } from "./candidates.js";
import { evaluationData, type EvaluationSource } from "./evaluation-data.js";
import { lookAhead } from "./look-ahead.js";
import { drawNeighbours, drawPair, epochOrder, indexPairs, type Anchor, type PairIndex } from "./order.js";
import { placeText } from "./place-text.js";
import { randomStream, streams } from "./random.js";
import { checkMembers, groupsOf, type Split } from "./split.js";
import type { Preprocessing } from "./preprocessing.js";
import type { Batch, BatchOptions, Neighbours, TrainingData } from "./types.js";

/** How training rows are drawn and varied. */
export interface SamplingOptions {
  /** What an epoch passes over; default "image": one random caption an image and pass (paper A). */
  readonly anchor?: Anchor;
  /** No class twice in a batch; default false. */
  readonly distinctClasses?: boolean;
  /** Random crops of pixels; absent: the whole image. */
  readonly crop?: CropAugmentation;
  /** Where words start: "random" (paper A's position shift, the default) or "left". */
  readonly alignment?: "random" | "left";
  /** Share of words left out of training texts; default 0. */
  readonly wordDropout?: number;
  /** Batches made ahead of the step that takes them; default 2. */
  readonly prefetch?: number;
}

/** A corpus in the loader's terms. */
export interface TrainingSource extends EvaluationSource {
  readonly classes: number;
  readonly vocabularySize: number;
  readonly train: Split;
  readonly evaluation: Readonly<Record<string, Split>>;
  readonly sampling?: SamplingOptions;
  readonly preprocessing?: Preprocessing;
}

/** Draws reserved for one row: partners 0 and 1, start of the words 2, crop 3 .. 7. */
const ROW_DRAWS = 8;

type Settings = Required<Omit<SamplingOptions, "crop">> & { readonly crop: CropAugmentation | undefined };

function settingsOf(sampling: SamplingOptions = {}): Settings {
  const { anchor = "image", distinctClasses = false, alignment = "random" } = sampling;
  const { wordDropout = 0, prefetch = 2, crop } = sampling;
  return { anchor, distinctClasses, alignment, wordDropout, prefetch, crop };
}

function checkBatchSize(index: PairIndex, batchSize: number, distinctClasses: boolean): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new DatasetError("OPTION", `batch size: expected a positive integer, got ${batchSize}`);
  const available = distinctClasses ? index.presentClasses.length : index.anchors;
  const what = distinctClasses ? "classes" : `${index.anchor}s`;
  if (batchSize > available)
    throw new DatasetError(
      "BATCH_TOO_LARGE",
      `${index.split.name}: batch size ${batchSize} is larger than its ${available} ${what}; take a smaller batch`,
      { batchSize, available },
    );
}

class EpochBuilder {
  readonly #source: TrainingSource;
  readonly #settings: Settings;
  readonly #index: PairIndex;
  readonly #options: BatchOptions;
  readonly #order: Int32Array;

  constructor(source: TrainingSource, settings: Settings, index: PairIndex, options: BatchOptions) {
    this.#source = source;
    this.#settings = settings;
    this.#index = index;
    this.#options = options;
    this.#order = epochOrder(index, { ...options, distinctClasses: settings.distinctClasses });
  }

  async batch(step: number): Promise<Batch> {
    const { images, texts, train } = this.#source;
    const members = this.#members(step);
    const imageRows = members.images.map((position) => train.images.rows[position] as number);
    const imageLabel = members.images.map((position) => train.images.labels[position] as number);
    const textLabel = members.texts.map((position) => train.texts.labels[position] as number);
    const text = texts.allocate(textLabel.length);
    members.texts.forEach((position, slot) =>
      this.#placeText(text, slot, train.texts.rows[position] as number, step * textLabel.length + slot),
    );
    const image = await images.read(imageRows);
    const box = images.kind === "pixels" ? { box: this.#boxes(step, imageRows.length) } : {};
    return { image, ...box, text, imageLabel, textLabel, ...this.#candidates(step, imageLabel) };
  }

  /** Positions in the split of the images and texts of a batch. */
  #members(step: number): { images: Int32Array; texts: Int32Array } {
    const { batchSize, neighbours = { images: 1, texts: 1 } } = this.#options;
    const images = new Int32Array(batchSize * neighbours.images);
    const texts = new Int32Array(batchSize * neighbours.texts);
    for (let slot = 0; slot < batchSize; slot++) {
      const position = step * batchSize + slot;
      const pair = this.#pair(position);
      const around = this.#neighbours(pair, position, neighbours);
      images.set(around.images, slot * neighbours.images);
      texts.set(around.texts, slot * neighbours.texts);
    }
    return { images, texts };
  }

  #pair(position: number): { image: number; text: number } {
    const { seed, epoch } = this.#options;
    const random = randomStream(seed, streams.row, epoch);
    const draw = (which: 0 | 1, bound: number) => random.integer(position * ROW_DRAWS + which, bound);
    return drawPair(this.#index, this.#order[position] as number, draw);
  }

  #neighbours(pair: { image: number; text: number }, position: number, counts: Neighbours) {
    const { seed, epoch } = this.#options;
    const { split, imagesOfGroup, textsOfGroup } = this.#index;
    const random = randomStream(seed, streams.neighbours, epoch);
    const group = groupsOf(split.images)[pair.image] as number;
    const first = position * (counts.images + counts.texts);
    const draw = (offset: number) => (which: number, bound: number) =>
      random.integer(first + offset + which, bound);
    return {
      images: drawNeighbours(imagesOfGroup, group, pair.image, counts.images, draw(0)),
      texts: drawNeighbours(textsOfGroup, group, pair.text, counts.texts, draw(counts.images)),
    };
  }

  #placeText(target: Int32Array | Float32Array, slot: number, row: number, position: number): void {
    const { seed, epoch } = this.#options;
    const { alignment, wordDropout } = this.#settings;
    const random = randomStream(seed, streams.row, epoch);
    const words = randomStream(seed, streams.words, epoch);
    const { texts } = this.#source;
    placeText(
      texts,
      target,
      slot,
      row,
      { shift: alignment === "random", wordDropout },
      {
        start: (bound) => random.integer(position * ROW_DRAWS + 2, bound),
        word: (place) => words.uniform(position * texts.length + place),
      },
    );
  }

  #boxes(step: number, rows: number): Float32Array {
    const { seed, epoch } = this.#options;
    const [height, width] = this.#source.images.shape as [number, number, number];
    const random = randomStream(seed, streams.row, epoch);
    const boxes = new Float32Array(rows * BOX_SIZE);
    for (let slot = 0; slot < rows; slot++) {
      const first = (step * rows + slot) * ROW_DRAWS + 3;
      if (this.#settings.crop)
        randomBox(boxes, slot, [height, width], this.#settings.crop, (which) =>
          random.uniform(first + which),
        );
      else boxes.set([0, 0, height, width, 0], slot * BOX_SIZE);
    }
    return boxes;
  }

  #candidates(step: number, imageLabel: Int32Array): Pick<Batch, "candidateText" | "candidateLabel"> {
    const { candidates = 0, seed, epoch } = this.#options;
    if (candidates === 0) return {};
    const { texts, train } = this.#source;
    const random = randomStream(seed, streams.candidates, epoch);
    const first = step * candidates * CANDIDATE_DRAWS;
    const chosen = drawCandidates(train.texts.labels, new Set(imageLabel), candidates, random, first);
    const candidateText = texts.allocate(candidates);
    const candidateLabel = chosen.map((position) => train.texts.labels[position] as number);
    const shift = this.#settings.alignment === "random";
    const starts = randomStream(seed, streams.candidateStart, epoch);
    chosen.forEach((position, slot) => {
      placeText(
        texts,
        candidateText,
        slot,
        train.texts.rows[position] as number,
        { shift, wordDropout: 0 },
        {
          start: (bound) => starts.integer(step * candidates + slot, bound),
          word: () => 1,
        },
      );
    });
    return { candidateText, candidateLabel };
  }
}

function checkSource(source: TrainingSource): void {
  const { images, texts, train } = source;
  for (const split of [train, ...Object.values(source.evaluation)]) {
    const classes = split === train ? source.classes : Infinity;
    checkMembers(split.images, images.count, classes, `${split.name}: images`);
    checkMembers(split.texts, texts.count, classes, `${split.name}: texts`);
  }
}

/** Makes {@link TrainingData} of a source. Errors: `OPTION` for a split that does not fit its rows. */
export function createTrainingData(source: TrainingSource): TrainingData {
  checkSource(source);
  const settings = settingsOf(source.sampling);
  const index = indexPairs(source.train, settings.anchor);
  const stepsPerEpoch = (batchSize: number): number => {
    checkBatchSize(index, batchSize, settings.distinctClasses);
    return Math.floor(index.anchors / batchSize);
  };
  return {
    classes: source.classes,
    vocabularySize: source.vocabularySize,
    length: source.texts.length,
    textKind: source.texts.kind,
    imageShape: source.images.shape,
    ...(source.preprocessing && { preprocessing: source.preprocessing }),
    splits: Object.keys(source.evaluation),
    stepsPerEpoch,
    batches: (options) => {
      const skip = options.skip ?? 0;
      const steps = stepsPerEpoch(options.batchSize);
      const epoch = new EpochBuilder(source, settings, index, options);
      const batch = (step: number) => epoch.batch(skip + step);
      return lookAhead(Math.max(0, steps - skip), settings.prefetch, batch, options.signal);
    },
    evaluation: (name) => {
      const split = source.evaluation[name];
      if (split === undefined)
        throw new DatasetError(
          "SPLIT_UNKNOWN",
          `split '${name}' is not in this corpus; there are: ${Object.keys(source.evaluation).join(", ")}`,
          { split: name, splits: Object.keys(source.evaluation) },
        );
      return evaluationData(source, split, settings);
    },
  };
}
