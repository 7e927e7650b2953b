import { openDisplay, type Shown } from "../display/show.js";
import { colorOf, line, svg, text } from "./frame.js";

export interface Bar {
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
}

const ROW = 26;
const NAMES = 240;
const WIDTH = 640;

/** Shares of one whole, one bar each, in the order given. */
export function bars(rows: readonly Bar[], title: string): Shown {
  const room = WIDTH - NAMES - 70;
  const drawn = rows.map(({ name, share }, index) => {
    const top = 34 + index * ROW;
    const length = Math.max(0, Math.min(1, share)) * room;
    const bar = `<rect x="${NAMES}" y="${top}" width="${length.toFixed(1)}" height="${ROW - 8}" fill="${colorOf(0)}"/>`;
    const figure = `${(100 * share).toFixed(1)} %`;
    return text(NAMES - 8, top + 13, name, "end") + bar + text(NAMES + length + 6, top + 13, figure);
  });
  const height = 44 + rows.length * ROW;
  const axis = line([NAMES, 30], [NAMES, height - 10], "#6b7280");
  const heading = text(12, 18, title, "start", "#111827", 'font-weight="bold"');
  return { mime: "image/svg+xml", data: svg(WIDTH, height, [heading, ...drawn, axis]) };
}

/** Shows shares as bars; in a plain process they go to a file, whose path is returned. */
export const showBars = (
  rows: readonly Bar[],
  { title, name = "bars" }: { readonly title: string; readonly name?: string },
): Promise<string | undefined> => openDisplay({ name }).show(bars(rows, title));
