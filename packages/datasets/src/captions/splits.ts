import { permutation, randomStream, streams } from "../loader/random.js";
import type { Problem } from "./problems.js";

interface Splittable {
  readonly name: string;
  split?: string;
}

/** Image names of one split and the file that lists them. */
export interface SplitList {
  readonly split: string;
  readonly file: string;
  readonly names: readonly { readonly name: string; readonly record: string }[];
}

function withoutExtension(name: string): string {
  return name.replace(/\.[^./\\]+$/, "");
}

/** How names of lists and of images are brought together. */
export interface ListRules {
  /** What must agree between the two; default: the name, with or without its extension. */
  readonly keyOf?: (name: string) => string;
  /** The split of images in no list; default: none. */
  readonly rest?: string;
}

function indexByName<T extends Splittable>(images: readonly T[], keyOf: ListRules["keyOf"]): Map<string, T> {
  if (keyOf) return new Map(images.map((image) => [keyOf(image.name), image]));
  const byName = new Map<string, T>();
  for (const image of images) byName.set(withoutExtension(image.name), image).set(image.name, image);
  return byName;
}

/** Puts images into the splits of lists. Returns what is wrong with the lists. */
export function assignListedSplits(
  images: readonly Splittable[],
  lists: readonly SplitList[],
  { keyOf, rest }: ListRules = {},
): Problem[] {
  const byName = indexByName(images, keyOf);
  const problems: Problem[] = [];
  for (const { split, file, names } of lists)
    for (const { name, record } of names) {
      const image = byName.get(keyOf ? keyOf(name) : name);
      const report = (message: string) => problems.push({ code: "CORPUS_INVALID", file, record, message });
      if (!image) report(`${name} has no caption; add captions or delete the line`);
      else if (image.split === split) report(`${name} is listed twice; delete one line`);
      else if (image.split !== undefined) report(`${name} is in split ${image.split} too; keep it in one`);
      else image.split = split;
    }
  if (rest !== undefined) for (const image of images) image.split ??= rest;
  return problems;
}

/**
 * Draws `validation` and `test` images by seed, whatever the order of the caption file; the rest is for
 * training.
 */
export function assignRandomSplits(
  images: readonly Splittable[],
  sizes: { readonly validation: number; readonly test: number; readonly seed: number },
  keyOf: (name: string) => string = (name) => name,
): void {
  const sorted = [...images].sort((a, b) => (keyOf(a.name) < keyOf(b.name) ? -1 : 1));
  const order = permutation(sorted.length, randomStream(sizes.seed, streams.split, 0));
  order.forEach((position, rank) => {
    const held =
      rank < sizes.validation ? "validation" : rank < sizes.validation + sizes.test ? "test" : "train";
    (sorted[position] as Splittable).split = held;
  });
}
