import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findPlace, type Place } from "./place.js";

const extensions = {
  "image/png": "png",
  "image/svg+xml": "svg",
  "text/html": "html",
} as const;

/** Something to look at: a drawing (SVG), a picture (PNG) or a page fragment (HTML). */
export interface Shown {
  readonly mime: keyof typeof extensions;
  readonly data: string | Uint8Array;
}

export interface ShowOptions {
  /** File name without extension, for a plain process. */
  readonly name: string;
  /** Folder of the files; default: `DUALPATH_PICTURES`, else `pictures` in the working directory. */
  readonly folder?: string;
}

/** A place on the page, or a file, whose contents can be replaced. */
export interface Display {
  /** Shows this in place of what was shown before; returns the file in a plain process. */
  show(shown: Shown): Promise<string | undefined>;
}

/** Opens a display where this process runs: an output of the notebook's cell, or a file. */
export function openDisplay(options: ShowOptions, place: Place = findPlace()): Display {
  if (place.kind === "tslab") return tslabDisplay(place);
  return place.kind === "deno" ? denoDisplay(place) : fileDisplay(options);
}

/** Shows something once. Returns the file that was written in a plain process. */
export const show = (shown: Shown, options: ShowOptions): Promise<string | undefined> =>
  openDisplay(options).show(shown);

function tslabDisplay({ tslab }: Extract<Place, { kind: "tslab" }>): Display {
  const display = tslab.newDisplay();
  return {
    show: async ({ mime, data }) => {
      display.raw(mime, data);
      return undefined;
    },
  };
}

/** What Deno's kernel needs on a busy machine to send a message before it says that the cell has ended. */
const SENDING_MILLISECONDS = 20;

function denoDisplay({ jupyter }: Extract<Place, { kind: "deno" }>): Display {
  const transient = { display_id: randomUUID() };
  let type = "display_data";
  return {
    show: async ({ mime, data }) => {
      const text = typeof data === "string" ? data : Buffer.from(data).toString("base64");
      await jupyter.broadcast(type, { data: { [mime]: text }, metadata: {}, transient });
      type = "update_display_data";
      await sleep(SENDING_MILLISECONDS);
      return undefined;
    },
  };
}

function fileDisplay({
  name,
  folder = process.env["DUALPATH_PICTURES"] ?? "pictures",
}: ShowOptions): Display {
  return {
    show: async ({ mime, data }) => {
      const path = join(folder, `${name}.${extensions[mime]}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, data);
      return path;
    },
  };
}
