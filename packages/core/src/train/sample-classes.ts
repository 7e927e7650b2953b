import { uniform01 } from "../graph/philox.js";
import { TrainingError } from "./errors.js";

/** Some classes, each once, and the place of every row's own class among them. */
export interface ClassSample {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

const STREAM = 0x5a3c;

/**
 * Partial FC's sample (An et al. 2022): every class of the batch, and random others up to `size`. A pure function of
 * (labels, seed, step). Throws BATCH for labels out of range, CONFIG where the sample cannot hold the batch's classes.
 */
export function sampleClasses(
  labels: Int32Array,
  { classes, size, seed }: { readonly classes: number; readonly size: number; readonly seed: number },
  step: number,
): ClassSample {
  checkLabels(labels, classes);
  const places = new Map<number, number>();
  const take = (id: number): void => void (places.has(id) || places.set(id, places.size));
  labels.forEach(take);
  if (places.size > size || size > classes) {
    const message = `sampled classifier: expected a sample from ${places.size} to ${classes} classes, got ${size}`;
    throw new TrainingError("CONFIG", message, { size, positives: places.size, classes });
  }
  fillUp(places, size, classes, (round, count) => uniform01(seed, STREAM + round, step, count));
  return { ids: Int32Array.from(places.keys()), labels: labels.map((label) => places.get(label)!) };
}

function checkLabels(labels: Int32Array, classes: number): void {
  const row = labels.findIndex((label) => label < 0 || label >= classes);
  if (row < 0) return;
  const message = `sampled classifier: label ${labels[row]} of row ${row} is no class from 0 to ${classes - 1}`;
  throw new TrainingError("BATCH", message, { row, got: labels[row], classes });
}

/** Draws until the sample is full; where nearly all classes are wanted, the rest is taken in order. */
function fillUp(
  places: Map<number, number>,
  size: number,
  classes: number,
  draw: (round: number, count: number) => Float32Array | Float64Array,
): void {
  const add = (id: number): void => {
    if (places.size < size && !places.has(id)) places.set(id, places.size);
  };
  for (let round = 0; round < MOST_ROUNDS && places.size < size; round++)
    draw(round, 2 * (size - places.size)).forEach((share) => add(Math.floor(share * classes)));
  for (let id = 0; places.size < size; id++) add(id);
}

const MOST_ROUNDS = 4;
