import { join } from "node:path";
import { workspaceRoot } from "../session/workspace.js";

/** Length of a training in seconds that no clock ends, so that a busy machine trains no less. */
export const NEVER = "86400";

export type Kernel = "tslab" | "deno";

/** Everything that executed cells display of one kind, in order. */
export type Displayed = (mime: string) => readonly string[];

/** The cells below `name` in the first displayed table that has such a column. */
export function column(displayed: Displayed, name: string): string[] {
  const head = (page: string): string[] =>
    [...page.matchAll(/<th[^>]*>([^<]*)<\/th>/g)].map(([, text]) => text!);
  const page = displayed("text/html").find((shown) => head(shown).includes(name)) ?? "";
  const rows = [...page.matchAll(/<tr>((?:<td.*?<\/td>)+)<\/tr>/g)].map(([, row]) => [
    ...row!.matchAll(/<td[^>]*>([^<]*)<\/td>/g),
  ]);
  return rows.map((cells) => cells[head(page).indexOf(name)]?.[1] ?? "");
}

/** The same as numbers. */
export const numbers = (displayed: Displayed, name: string): number[] =>
  column(displayed, name).map((cell) => Number(cell.replaceAll(",", "")));

/** Where the notebooks lie. */
export const notebookFolder = (): string => join(workspaceRoot(), "notebooks");
