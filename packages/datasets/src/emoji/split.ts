import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { DatasetError } from "../errors.js";
import type { Concept } from "./concepts.js";
import { familyOf } from "./family.js";

/** Groups of each part. Four of the 1,644 stay unused, so that every seed has as many classes. */
export const splitSizes = { train: 1090, validation: 150, test: 400 } as const;

/** Seeds of the committed splits. */
export const splitSeeds = [0, 1, 2] as const;

/** Larger families only serve training: a test set full of clocks would measure clocks. */
const LARGEST_HELD_OUT_FAMILY = 15;

/** A part of a split. */
export type SplitPart = keyof typeof splitSizes;

/** Concept keys of each part, in the order of the corpus. */
export type EmojiSplit = Readonly<Record<SplitPart, readonly string[]>>;

function families(concepts: readonly Concept[]): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const concept of concepts) {
    const family = familyOf(concept);
    members.set(family, [...(members.get(family) ?? []), concept.key]);
  }
  return members;
}

/** Shuffles by hash: the order of two families never depends on the others. */
function shuffled(names: Iterable<string>, seed: number): string[] {
  const rank = (name: string) => createHash("sha256").update(`${seed}:${name}`).digest("hex");
  return Array.from(names, (name) => ({ name, rank: rank(name) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ name }) => name);
}

/**
 * Draws a split by family: whole families go to test, then to validation, until the sizes are met exactly; the rest
 * trains. Errors: `CORPUS_INVALID` where families do not fill the sizes.
 */
export function drawSplit(concepts: readonly Concept[], seed: number): EmojiSplit {
  const members = families(concepts);
  const sizeOf = (family: string) => (members.get(family) as string[]).length;
  const waiting = new Set(shuffled(members.keys(), seed));
  const take = (size: number, largest: number): Set<string> => {
    const taken = new Set<string>();
    const largestFirst = [...waiting].sort((a, b) => sizeOf(b) - sizeOf(a));
    for (const family of largest === Infinity ? largestFirst : waiting) {
      const keys = members.get(family) as string[];
      if (keys.length > largest || taken.size + keys.length > size) continue;
      keys.forEach((key) => taken.add(key));
      waiting.delete(family);
    }
    if (taken.size !== size)
      throw new DatasetError(
        "CORPUS_INVALID",
        `emoji split ${seed}: families fill ${taken.size} of ${size} groups`,
      );
    return taken;
  };
  const test = take(splitSizes.test, LARGEST_HELD_OUT_FAMILY);
  const validation = take(splitSizes.validation, LARGEST_HELD_OUT_FAMILY);
  const train = take(splitSizes.train, Infinity);
  const inOrder = (part: Set<string>) => concepts.map(({ key }) => key).filter((key) => part.has(key));
  return { train: inOrder(train), validation: inOrder(validation), test: inOrder(test) };
}

/** Where the committed splits lie: beside the source, found from `dist` as well. */
export const splitFile = new URL("../../src/emoji/splits.json", import.meta.url);

const partSchema = z.string().transform((keys) => keys.split(" "));
const splitsSchema = z.record(
  z.string(),
  z.strictObject({ validation: partSchema, test: partSchema, unused: partSchema }),
);

/** The text of {@link splitFile} for the given concepts. */
export function formatSplits(concepts: readonly Concept[]): string {
  const entries = splitSeeds.map((seed) => {
    const { train, validation, test } = drawSplit(concepts, seed);
    const used = new Set([...train, ...validation, ...test]);
    const unused = concepts.map(({ key }) => key).filter((key) => !used.has(key));
    return [
      seed,
      { validation: validation.join(" "), test: test.join(" "), unused: unused.join(" ") },
    ] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** The committed split of a seed; what it does not name trains. Errors: `SPLIT_UNKNOWN`, `CORPUS_INVALID`. */
export function readSplit(concepts: readonly Concept[], seed: number): EmojiSplit {
  const splits = splitsSchema.parse(JSON.parse(readFileSync(splitFile, "utf8")));
  const split = splits[seed];
  if (split === undefined) {
    const seeds = Object.keys(splits).join(", ");
    throw new DatasetError("SPLIT_UNKNOWN", `emoji split seed ${seed}: expected one of ${seeds}`, { seed });
  }
  const { validation, test } = split;
  const known = new Set(concepts.map(({ key }) => key));
  const stray = [...validation, ...test].find((key) => !known.has(key));
  if (stray !== undefined)
    throw new DatasetError(
      "CORPUS_INVALID",
      `emoji split ${seed}: ${stray} is not in the corpus; run npm ci`,
      { stray },
    );
  const other = new Set([...validation, ...test, ...split.unused]);
  const train = concepts.map(({ key }) => key).filter((key) => !other.has(key));
  return { train, validation, test };
}
