import type { Concept } from "./concepts.js";

const PEOPLE = new Set(["1F468", "1F469", "1F9D1"]);
const PERSON = "1F9D1";
/** Gender signs, arrows (facing right, nodding), the joiner, hair. */
const DROPPED = new Set("2640 2642 26A7 27A1 2194 2195 200D 1F9B0 1F9B1 1F9B2 1F9B3".split(" "));

/** Sets whose members differ by a colour, a digit or an angle: one family each. */
const SETS: readonly (readonly [family: string, belongs: (concept: Concept) => boolean])[] = [
  ["clocks", ({ key }) => /^1F5(5[0-9A-F]|6[0-7])$/.test(key)],
  ["moons", ({ key }) => /^1F31[1-9A-E]$/.test(key)],
  ["hearts", ({ name, subgroup }) => subgroup === "heart" && name !== "love letter"],
  ["coloured shapes", ({ subgroup }) => subgroup === "geometric"],
  ["arrows", ({ subgroup }) => subgroup === "arrow"],
  ["keycaps", ({ subgroup }) => subgroup === "keycap"],
  ["japanese buttons", ({ name }) => name.startsWith("Japanese “")],
  ["couples", ({ name }) => /holding hands|^kiss\b(?! mark)|^couple with heart/.test(name)],
  ["families", ({ name, subgroup }) => subgroup === "family" || /^family\b/.test(name)],
];

/** The family of a concept: concepts so alike that a split must keep them together. */
export function familyOf(concept: Concept): string {
  const set = SETS.find(([, belongs]) => belongs(concept));
  if (set) return set[0];
  const points = concept.key.split("-").map((point) => (PEOPLE.has(point) ? PERSON : point));
  return points.filter((point) => !DROPPED.has(point)).join("-") || concept.key;
}
