import { shortNumber } from "../charts/scale.js";
import { escaped } from "./escape.js";
import { openDisplay, type Shown } from "./show.js";

/** A row of a table: columns by name. */
export type Row = Readonly<Record<string, unknown>>;

export interface TableOptions {
  readonly caption?: string;
  /** Rows beyond this are counted, not shown (default 40). */
  readonly limit?: number;
  readonly name?: string;
}

/** Rows as an HTML table; columns in the order in which they first appear, numbers to four digits. */
export function table(rows: readonly Row[], { caption = "", limit = 40 }: TableOptions = {}): Shown {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = columns.map((column) => `<th style="text-align:left">${escaped(column)}</th>`).join("");
  const body = rows
    .slice(0, limit)
    .map((row) => `<tr>${columns.map((column) => cell(row[column])).join("")}</tr>`);
  const more = rows.length > limit ? `<p>${rows.length - limit} more rows</p>` : "";
  const heading =
    caption === "" ? "" : `<caption style="text-align:left"><b>${escaped(caption)}</b></caption>`;
  const data = `<table>${heading}<thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table>${more}`;
  return { mime: "text/html", data };
}

function cell(value: unknown): string {
  if (typeof value === "number") {
    const digits = Number.isInteger(value) ? value.toLocaleString("en") : shortNumber(value);
    return `<td style="text-align:right">${digits}</td>`;
  }
  const words =
    value === undefined || value === null ? "" : Array.isArray(value) ? value.join(" x ") : String(value);
  return `<td style="text-align:left">${escaped(words)}</td>`;
}

/** Shows rows as a table; in a plain process it goes to a file, whose path is returned. */
export const showTable = (rows: readonly Row[], options: TableOptions = {}): Promise<string | undefined> =>
  openDisplay({ name: options.name ?? "table" }).show(table(rows, options));
