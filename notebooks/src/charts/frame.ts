import { escaped } from "../display/escape.js";
import { extent, linearScale, type Scale } from "./scale.js";

/** Colours that stay apart for colour-blind eyes (Okabe and Ito). */
export const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"] as const;

export const colorOf = (index: number): string => COLORS[index % COLORS.length] ?? COLORS[0];

export const GREY = "#6b7280";
const GRID = "#e5e7eb";
const MARGIN = { left: 62, right: 18, top: 38, bottom: 46 };

/** What every chart with two axes is given. */
export interface AxesOptions {
  readonly title?: string;
  readonly x: string;
  readonly y: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

export interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly width: number;
  readonly height: number;
  /** Title, grid and labels. */
  readonly drawing: string;
}

export type Extents = { readonly x: readonly number[]; readonly y: readonly number[] };

/** Axes that hold all given numbers. */
export function axes({ title = "", x, y, width = 640, height = 360 }: AxesOptions, values: Extents): Axes {
  const xScale = linearScale(extent(values.x), [MARGIN.left, width - MARGIN.right]);
  const yScale = linearScale(extent(values.y), [height - MARGIN.bottom, MARGIN.top]);
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const vertical = xScale.ticks.map(({ value, label }) => {
    const place = xScale.at(value).toFixed(1);
    return line([place, MARGIN.top], [place, bottom], GRID) + text(place, bottom + 16, label, "middle", GREY);
  });
  const horizontal = yScale.ticks.map(({ value, label }) => {
    const place = yScale.at(value).toFixed(1);
    return (
      line([MARGIN.left, place], [right, place], GRID) +
      text(MARGIN.left - 6, Number(place) + 4, label, "end", GREY)
    );
  });
  const middle = (MARGIN.left + right) / 2;
  const names = [
    text(MARGIN.left, 18, title, "start", "#111827", 'font-weight="bold"'),
    text(middle, height - 10, x, "middle"),
    `<g transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)">${text(0, 0, y, "middle")}</g>`,
  ];
  return { x: xScale, y: yScale, width, height, drawing: [...vertical, ...horizontal, ...names].join("") };
}

/** A whole SVG document on white. */
export const svg = (width: number, height: number, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
  `font-family="sans-serif" font-size="12"><rect width="${width}" height="${height}" fill="white"/>${parts.join("\n")}</svg>`;

type Point = readonly [x: number | string, y: number | string];

export const line = (from: Point, to: Point, color: string, width = 1): string =>
  `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${color}" stroke-width="${width}"/>`;

export const text = (
  x: number | string,
  y: number | string,
  words: string,
  anchor: "start" | "middle" | "end" = "start",
  color = "#111827",
  more = "",
): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${color}" ${more}>${escaped(words)}</text>`;

/** Points as SVG writes them. */
export const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

/** Names with their colours, in a row at the top right. */
export function legend(names: readonly string[], width: number): string {
  let right = width - MARGIN.right;
  return names
    .map((name, index) => ({ name, color: colorOf(index) }))
    .reverse()
    .map(({ name, color }) => {
      const entry =
        text(right, 18, name, "end") +
        line([right - 7 * name.length - 22, 14], [right - 7 * name.length - 6, 14], color, 3);
      right -= 7 * name.length + 36;
      return entry;
    })
    .join("");
}
