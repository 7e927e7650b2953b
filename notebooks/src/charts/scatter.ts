import { openDisplay, type Shown } from "../display/show.js";
import { colorOf, GREY, svg, text } from "./frame.js";

/** A dot of the plane: filled for pictures, a ring for sentences, which stays visible around a dot. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  /** Dots of one group have one colour. */
  readonly group: number;
  readonly hollow?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly dots: readonly Dot[];
}

export interface PanelOptions {
  readonly columns: number;
  /** Half the width of the square that each panel shows (default 1.15: the unit circle with room). */
  readonly reach?: number;
  readonly name?: string;
}

const SIZE = 176;
const HEADER = 24;

/** Panels of dots around the unit circle, row by row. */
export function scatter(panels: readonly Panel[], { columns, reach = 1.15 }: PanelOptions): Shown {
  const rows = Math.ceil(panels.length / columns);
  const drawn = panels.map((panel, index) => {
    const left = (index % columns) * SIZE;
    const top = Math.floor(index / columns) * (SIZE + HEADER);
    return `<g transform="translate(${left} ${top})">${drawPanel(panel, reach)}</g>`;
  });
  return { mime: "image/svg+xml", data: svg(columns * SIZE, rows * (SIZE + HEADER), drawn) };
}

function drawPanel({ title, dots }: Panel, reach: number): string {
  const scale = (SIZE - 16) / 2 / reach;
  const at = (x: number, y: number): string =>
    `cx="${(SIZE / 2 + x * scale).toFixed(1)}" cy="${(HEADER + SIZE / 2 - y * scale).toFixed(1)}"`;
  const circle = `<circle ${at(0, 0)} r="${scale}" fill="none" stroke="#e5e7eb"/>`;
  const marks = dots.map(({ x, y, group, hollow = false }) => {
    const color = colorOf(group);
    const shape = hollow ? `r="7" fill="none"` : `r="4" fill="${color}"`;
    return `<circle ${at(x, y)} ${shape} stroke="${color}" stroke-width="1.6"/>`;
  });
  return [text(SIZE / 2, 16, title, "middle", GREY), circle, ...marks].join("");
}

/** Shows panels of dots; in a plain process they go to a file, whose path is returned. */
export const showScatter = (panels: readonly Panel[], options: PanelOptions): Promise<string | undefined> =>
  openDisplay({ name: options.name ?? "scatter" }).show(scatter(panels, options));
