import { z } from "zod";
import { readPackageJson } from "./packages.js";

/** One group of the corpus: what an emoji means, whoever drew it. */
export interface Concept {
  /** Code points in hexadecimal, joined by "-", without FE0F and without skin tone: the group's identity. */
  readonly key: string;
  /** CLDR short name. */
  readonly name: string;
  readonly keywords: readonly string[];
  /** Unicode subgroup, for example "animal-mammal". */
  readonly subgroup: string;
}

const VARIATION_SELECTOR = "FE0F";
const SKIN_TONE = /^1F3F[B-F]$/;
const LEFT_OUT = new Set(["flags", "component"]);

const entrySchema = z.object({
  label: z.string(),
  hexcode: z.string(),
  tags: z.array(z.string()).optional(),
  group: z.number().optional(),
  subgroup: z.number().optional(),
});
const groupSchema = z.object({
  groups: z.record(z.string(), z.string()),
  subgroups: z.record(z.string(), z.string()),
});

/** The identity of a code-point sequence: upper case, no variation selector, no skin tone. */
export function conceptKey(hexcode: string): string {
  const points = hexcode.toUpperCase().split("-");
  return points.filter((point) => point !== VARIATION_SELECTOR && !SKIN_TONE.test(point)).join("-");
}

/** {@link conceptKey} of an emoji given as a string. */
export function conceptKeyOf(emoji: string): string {
  const points = Array.from(emoji, (character) => (character.codePointAt(0) as number).toString(16));
  return conceptKey(points.map((point) => point.padStart(4, "0")).join("-"));
}

/** All concepts in Unicode order, flags and skin or hair components left out. Errors: `FILE_MISSING`, `FILE_FORMAT`. */
export function readConcepts(): readonly Concept[] {
  const { groups, subgroups } = readPackageJson("emojibase-data/meta/groups.json", groupSchema);
  const concepts = new Map<string, Concept>();
  for (const entry of readPackageJson("emojibase-data/en/data.json", z.array(entrySchema))) {
    const group = entry.group === undefined ? undefined : groups[entry.group];
    if (group === undefined || LEFT_OUT.has(group)) continue;
    const key = conceptKey(entry.hexcode);
    const subgroup = subgroups[entry.subgroup ?? -1] ?? "";
    if (!concepts.has(key))
      concepts.set(key, { key, name: entry.label, keywords: entry.tags ?? [], subgroup });
  }
  return [...concepts.values()];
}
