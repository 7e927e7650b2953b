import { DatasetError } from "../errors.js";
import { permutation, randomStream, streams } from "./random.js";
import { groupsOf, memberOf, positionsByKey, sizeOf, type PositionsByKey, type Split } from "./split.js";

/** What an epoch passes over once: images, captions, or classes. */
export type Anchor = "image" | "caption" | "class";

/** The training split, indexed for drawing pairs. */
export interface PairIndex {
  readonly split: Split;
  readonly anchor: Anchor;
  readonly anchors: number;
  /** Class of an anchor. */
  readonly classOf: (anchor: number) => number;
  readonly imagesOfClass: PositionsByKey;
  readonly imagesOfGroup: PositionsByKey;
  readonly textsOfGroup: PositionsByKey;
  /** Classes that have an image. */
  readonly presentClasses: Int32Array;
}

function checkPartners(split: Split, images: PositionsByKey, texts: PositionsByKey): void {
  const lonelyImage = groupsOf(split.images).findIndex((group) => sizeOf(texts, group) === 0);
  if (lonelyImage >= 0)
    throw new DatasetError("OPTION", `${split.name}: image ${lonelyImage} has no text to be paired with`);
  const lonelyText = groupsOf(split.texts).findIndex((group) => sizeOf(images, group) === 0);
  if (lonelyText >= 0)
    throw new DatasetError("OPTION", `${split.name}: text ${lonelyText} has no image to be paired with`);
}

/** Indexes a split by class and group. Throws where an image has no text or a text no image. */
export function indexPairs(split: Split, anchor: Anchor): PairIndex {
  const imagesOfClass = positionsByKey(split.images.labels);
  const imagesOfGroup = positionsByKey(groupsOf(split.images));
  const textsOfGroup = positionsByKey(groupsOf(split.texts));
  checkPartners(split, imagesOfGroup, textsOfGroup);
  const presentClasses = Int32Array.from(new Set(split.images.labels)).sort();
  const byAnchor = {
    image: { anchors: split.images.rows.length, classes: split.images.labels },
    caption: { anchors: split.texts.rows.length, classes: split.texts.labels },
    class: { anchors: presentClasses.length, classes: presentClasses },
  }[anchor];
  return {
    split,
    anchor,
    anchors: byAnchor.anchors,
    classOf: (index) => byAnchor.classes[index] as number,
    imagesOfClass,
    imagesOfGroup,
    textsOfGroup,
    presentClasses,
  };
}

/** Fills batches front to back; an anchor whose class is already in the batch waits for a later one. */
function spreadClasses(
  index: PairIndex,
  order: Int32Array,
  refill: Int32Array,
  batchSize: number,
  steps: number,
) {
  const spread = new Int32Array(steps * batchSize);
  let waiting: number[] = [];
  let next = 0;
  for (let step = 0; step < steps; step++) {
    const classes = new Set<number>();
    let filled = 0;
    const place = (anchor: number): boolean => {
      const label = index.classOf(anchor);
      if (filled === batchSize || classes.has(label)) return false;
      classes.add(label);
      spread[step * batchSize + filled++] = anchor;
      return true;
    };
    waiting = waiting.filter((anchor) => !place(anchor));
    for (; next < order.length && filled < batchSize; next++) {
      const anchor = order[next] as number;
      if (!place(anchor)) waiting.push(anchor);
    }
    for (let extra = 0; filled < batchSize; extra++) place(refill[extra] as number);
  }
  return spread;
}

/**
 * The anchors of an epoch, batch after batch; the tail that fills no batch is dropped. With `distinctClasses` no
 * batch holds a class twice: anchors are deferred, and the last batches may repeat anchors to stay full.
 */
export function epochOrder(
  index: PairIndex,
  options: { seed: number; epoch: number; batchSize: number; distinctClasses: boolean },
): Int32Array {
  const { seed, epoch, batchSize } = options;
  const steps = Math.floor(index.anchors / batchSize);
  const order = permutation(index.anchors, randomStream(seed, streams.order, epoch));
  if (!options.distinctClasses || index.anchor === "class") return order.subarray(0, steps * batchSize);
  const refill = permutation(index.anchors, randomStream(seed, streams.refill, epoch));
  return spreadClasses(index, order, refill, batchSize, steps);
}

/** Positions, in the split, of the image and the text of one row; `draw(k, n)` is uniform in {0 .. n - 1}. */
export function drawPair(
  index: PairIndex,
  anchor: number,
  draw: (which: 0 | 1, bound: number) => number,
): { image: number; text: number } {
  const partner = (table: PositionsByKey, key: number, which: 0 | 1) =>
    memberOf(table, key, draw(which, sizeOf(table, key)));
  if (index.anchor === "caption") {
    const group = groupsOf(index.split.texts)[anchor] as number;
    return { image: partner(index.imagesOfGroup, group, 0), text: anchor };
  }
  const image = index.anchor === "image" ? anchor : partner(index.imagesOfClass, index.classOf(anchor), 0);
  const group = groupsOf(index.split.images)[image] as number;
  return { image, text: partner(index.textsOfGroup, group, 1) };
}

/**
 * `count` positions of `key`'s group, beginning with `first`, the others drawn without replacement; in a group of fewer
 * they come round again. `draw(k, n)` is uniform in {0 .. n - 1}, k below `count`.
 */
export function drawNeighbours(
  table: PositionsByKey,
  key: number,
  first: number,
  count: number,
  draw: (which: number, bound: number) => number,
): Int32Array {
  const drawn = Int32Array.of(first);
  if (count === 1) return drawn;
  const others = Array.from({ length: sizeOf(table, key) }, (_, index) => memberOf(table, key, index));
  others.splice(others.indexOf(first), 1);
  const members = [first];
  while (members.length < count && others.length > 0)
    members.push(...others.splice(draw(members.length, others.length), 1));
  return Int32Array.from({ length: count }, (_, index) => members[index % members.length] as number);
}
