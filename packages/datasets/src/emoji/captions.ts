import { gemoji } from "gemoji";
import { z } from "zod";
import { conceptKey, conceptKeyOf, type Concept } from "./concepts.js";
import { readPackageJson } from "./packages.js";

/** Where captions come from, in the order of source ids. */
export const captionSources = ["short name", "keywords", "emojilib", "short codes", "openmoji tags"] as const;

/** One source of captions. */
export type CaptionSource = (typeof captionSources)[number];

/** One caption: lower-case words joined by blanks. */
export interface Caption {
  readonly text: string;
  /** Index into {@link captionSources}. */
  readonly source: number;
  /** Index of the concept. */
  readonly group: number;
}

const SHORT_CODE_SETS = ["github", "iamcal", "emojibase", "joypixels"] as const;
const codesSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
const emojilibSchema = z.record(z.string(), z.array(z.string()));
const openmojiSchema = z.array(
  z.object({
    hexcode: z.string(),
    tags: z.string(),
    openmoji_tags: z.string(),
    skintone: z.union([z.string(), z.number()]),
  }),
);

/** Words of a text: runs of Latin letters and digits, lower-case; anything else separates. */
export function captionWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

type Texts = Map<string, string>;

function append(texts: Texts, key: string, text: string): void {
  const before = texts.get(key);
  texts.set(key, before === undefined ? text : `${before} ${text}`);
}

function emojilibTexts(): Texts {
  const texts: Texts = new Map();
  const table = readPackageJson("emojilib", emojilibSchema);
  for (const [emoji, words] of Object.entries(table)) {
    const key = conceptKeyOf(emoji);
    if (!texts.has(key)) texts.set(key, words.join(" "));
  }
  return texts;
}

function shortCodeTexts(): Texts {
  const texts: Texts = new Map();
  for (const { emoji, names } of gemoji) append(texts, conceptKeyOf(emoji), names.join(" "));
  for (const set of SHORT_CODE_SETS) {
    const codes = readPackageJson(`emojibase-data/en/shortcodes/${set}.json`, codesSchema);
    for (const [hexcode, code] of Object.entries(codes))
      if (conceptKey(hexcode) === hexcode.replace(/-FE0F/g, ""))
        append(texts, conceptKey(hexcode), [code].flat().join(" "));
  }
  return texts;
}

function openmojiTexts(): Texts {
  const texts: Texts = new Map();
  for (const { hexcode, tags, openmoji_tags: own, skintone } of readPackageJson(
    "openmoji/data/openmoji.json",
    openmojiSchema,
  ))
    if (skintone === "") append(texts, conceptKey(hexcode), `${tags} ${own}`);
  return texts;
}

/** Captions of all concepts, source after source; a text whose words an earlier source already gave is left out. */
export function readCaptions(concepts: readonly Concept[]): readonly Caption[] {
  const sources: readonly Texts[] = [
    new Map(concepts.map(({ key, name }) => [key, name])),
    new Map(concepts.map(({ key, keywords }) => [key, keywords.join(" ")])),
    emojilibTexts(),
    shortCodeTexts(),
    openmojiTexts(),
  ];
  return concepts.flatMap(({ key }, group) => {
    const seen = new Set([""]);
    return sources.flatMap((texts, source) => {
      const text = [...new Set(captionWords(texts.get(key) ?? ""))].join(" ");
      if (seen.has(text)) return [];
      seen.add(text);
      return [{ text, source, group }];
    });
  });
}
