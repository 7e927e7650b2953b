import { escaped } from "../display/escape.js";
import { openDisplay, type Shown } from "../display/show.js";
import { thumbnail, type Tile } from "./image-grid.js";

/** What was asked for, or found: a picture or a sentence. */
export type Item = Tile | { readonly sentence: string };

/** A query with what it found, best first. */
export interface Retrieved {
  readonly query: Item;
  readonly found: readonly { readonly item: Item; readonly score: number; readonly correct?: boolean }[];
}

const SIZE = 84;
const RIGHT = "#1a8f3c";

/** Queries on the left, what each found on the right with its cosine; what is correct stands in green. */
export async function retrievalResult(results: readonly Retrieved[]): Promise<Shown> {
  const rows = await Promise.all(results.map(row));
  const data = `<table style="border-collapse:collapse"><tbody>${rows.join("\n")}</tbody></table>`;
  return { mime: "text/html", data };
}

async function row({ query, found }: Retrieved): Promise<string> {
  const items = await Promise.all(found.map(foundItem));
  const style = "text-align:left;vertical-align:top;border-bottom:1px solid #e5e7eb";
  return `<tr><td style="${style};width:200px">${await drawn(query)}</td><td style="${style}">${items.join("")}</td></tr>`;
}

async function foundItem({ item, score, correct = false }: Retrieved["found"][number]): Promise<string> {
  const figure = score.toFixed(3);
  if ("sentence" in item) {
    const color = correct ? `color:${RIGHT};font-weight:bold` : "color:#374151";
    return `<div style="${color}">${figure} ${escaped(item.sentence)}</div>`;
  }
  const frame = correct ? `3px solid ${RIGHT}` : "1px solid #d1d5db";
  const box = `display:inline-block;margin:3px;padding:2px;border:${frame};text-align:center`;
  return `<div style="${box}">${await drawn(item)}<br>${figure}</div>`;
}

async function drawn(item: Item): Promise<string> {
  if ("sentence" in item) return `<b>${escaped(item.sentence)}</b>`;
  const data = (await thumbnail(item.picture, SIZE)).toString("base64");
  const alternative = escaped(item.label ?? "picture");
  return `<img src="data:image/png;base64,${data}" width="${SIZE}" height="${SIZE}" alt="${alternative}" style="display:inline">`;
}

/** Shows queries with what they found; in a plain process they go to a file, whose path is returned. */
export const showRetrieval = async (
  results: readonly Retrieved[],
  { name = "retrieval" }: { readonly name?: string } = {},
): Promise<string | undefined> => openDisplay({ name }).show(await retrievalResult(results));
