import { z } from "zod";
import type { Concept } from "./concepts.js";
import { conceptKey } from "./concepts.js";
import { readPackageJson } from "./packages.js";

/** Names of the icon sets, in the order of vendor ids. */
export const vendors = ["noto", "twemoji", "openmoji", "fluent-emoji-flat", "emojione", "noto-v1"] as const;

/** One icon set. */
export type Vendor = (typeof vendors)[number];

/** Sets that come without a table of code points: their icons are found by name. */
const NAMED_ONLY = new Set<Vendor>(["emojione", "noto-v1"]);

const iconSchema = z.object({
  body: z.string(),
  left: z.number().optional(),
  top: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
});
const iconSetSchema = z.object({
  icons: z.record(z.string(), iconSchema),
  aliases: z.record(z.string(), z.object({ parent: z.string() })).optional(),
  width: z.number().default(16),
  height: z.number().default(16),
});
const characterSchema = z.record(z.string(), z.string());
type IconSet = z.output<typeof iconSetSchema>;

/** A CLDR short name as the icon sets spell it; `signs` writes "#", "*" and "!" as words. */
export function iconName(name: string, signs: boolean): string {
  const spelled = signs
    ? name.replace("#", "pound").replace("*", "asterisk").replace("!", "-exclamation")
    : name;
  const plain = spelled
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f’'“”".,!]/g, "");
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

function namesByKey(vendor: Vendor): Map<string, string> {
  const names = new Map<string, string>();
  const characters = readPackageJson(`@iconify-json/${vendor}/chars.json`, characterSchema);
  for (const [points, name] of Object.entries(characters)) {
    const key = points.toUpperCase().replace(/-?FE0F/g, "");
    if (!names.has(key) && key === conceptKey(key)) names.set(key, name);
  }
  return names;
}

/** Finds icons by short name; an alias of an icon that another concept owns ("cricket" of "cricket-game") is no hit. */
function namesByShortName(concepts: readonly Concept[], set: IconSet): Map<string, string> {
  const owned = new Set(concepts.map(({ name }) => iconName(name, true)));
  const resolve = (name: string): string | undefined => {
    const parent = set.aliases?.[name]?.parent;
    return name in set.icons ? name : parent !== undefined && !owned.has(parent) ? parent : undefined;
  };
  const names = new Map<string, string>();
  for (const { key, name } of concepts) {
    const found = resolve(iconName(name, true)) ?? resolve(iconName(name, false));
    if (found !== undefined) names.set(key, found);
  }
  return names;
}

function toSvg(set: IconSet, name: string): string | undefined {
  const icon = set.icons[name];
  if (icon === undefined) return undefined;
  const { left = 0, top = 0, width = set.width, height = set.height } = icon;
  const view = `viewBox="${left} ${top} ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${view}>${icon.body}</svg>`;
}

/** The pictures that `vendor` drew of `concepts`, as SVG documents by concept key. */
export function readArtwork(vendor: Vendor, concepts: readonly Concept[]): Map<string, string> {
  const set = readPackageJson(`@iconify-json/${vendor}/icons.json`, iconSetSchema);
  const names = NAMED_ONLY.has(vendor) ? namesByShortName(concepts, set) : namesByKey(vendor);
  const artwork = new Map<string, string>();
  for (const { key } of concepts) {
    const name = names.get(key);
    const svg = name === undefined ? undefined : toSvg(set, name);
    if (svg !== undefined) artwork.set(key, svg);
  }
  return artwork;
}
