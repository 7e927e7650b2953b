import { openDisplay, type Shown } from "../display/show.js";
import { GREY, line, path, svg, text } from "./frame.js";
import { extent, linearScale, logarithmicScale, type Scale } from "./scale.js";

type Cell = number | string | boolean | undefined;

/** One axis: a hyper-parameter, or (last) what was reached with it. */
export interface Coordinate {
  readonly name: string;
  /** One value per run. */
  readonly values: readonly Cell[];
}

const LOGARITHMIC_FROM = 20;
const MARGIN = { top: 58, bottom: 24, side: 80 };

/** One line per run across all axes, dark blue for the least and yellow for the most on the last axis. */
export function parallelCoordinates(
  coordinates: readonly Coordinate[],
  { title, width = 860, height = 380 }: { title: string; width?: number; height?: number },
): Shown {
  const range = [height - MARGIN.bottom, MARGIN.top] as const;
  const scales = coordinates.map(({ values }) => axisScale(values, range));
  const spacing = (width - 2 * MARGIN.side) / Math.max(1, coordinates.length - 1);
  const left = (axis: number): number => MARGIN.side + axis * spacing;
  const axesDrawn = coordinates.map(({ name }, axis) => {
    const ticks = scales[axis]!.ticks.map(({ value, label }) =>
      text(left(axis) - 6, scales[axis]!.at(value) + 4, label, "end", GREY),
    );
    const shifted = axis % 2 === 0 ? 36 : 50;
    return [
      line([left(axis), range[0]], [left(axis), range[1]], GREY),
      text(left(axis), shifted, name, "middle"),
      ...ticks,
    ].join("");
  });
  const goals = (coordinates.at(-1)?.values ?? []).map(Number);
  const [least, most] = extent(goals);
  const lines = goals.map((goal, run) => {
    const points = coordinates.map(
      ({ values }, axis) => [left(axis), scales[axis]!.place(values[run])] as const,
    );
    const color = shade((goal - least) / (most - least));
    return `<polyline points="${path(points)}" fill="none" stroke="${color}" stroke-width="1.8" stroke-opacity="0.8"/>`;
  });
  const heading = text(12, 18, title, "start", "#111827", 'font-weight="bold"');
  return { mime: "image/svg+xml", data: svg(width, height, [heading, ...lines, ...axesDrawn]) };
}

interface AxisScale extends Scale {
  place(cell: Cell): number;
}

function axisScale(values: readonly Cell[], range: readonly [number, number]): AxisScale {
  if (values.every((value) => typeof value === "number")) {
    const span = extent(values);
    const spread = span[0] > 0 && span[1] / span[0] >= LOGARITHMIC_FROM;
    const scale = spread ? logarithmicScale(span, range) : linearScale(span, range);
    return { ...scale, place: (cell) => scale.at(Number(cell)) };
  }
  const levels = [...new Set(values.map(String))].sort();
  const { at } = linearScale(extent([0, levels.length - 1]), range);
  const ticks = levels.map((label, value) => ({ value, label }));
  return { at, ticks, place: (cell) => at(levels.indexOf(String(cell))) };
}

/** From dark blue by green to yellow. */
function shade(share: number): string {
  const stops = [
    [68, 1, 84],
    [33, 145, 140],
    [253, 200, 37],
  ] as const;
  const clipped = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * 2;
  const first = clipped < 1 ? 0 : 1;
  const [from, to] = [stops[first]!, stops[first + 1]!];
  const mixed = from.map((value, index) => Math.round(value + (clipped - first) * (to[index]! - value)));
  return `rgb(${mixed.join(",")})`;
}

/** Shows parallel coordinates; in a plain process they go to a file, whose path is returned. */
export const showParallelCoordinates = (
  coordinates: readonly Coordinate[],
  { title, name = "parallel-coordinates" }: { readonly title: string; readonly name?: string },
): Promise<string | undefined> => openDisplay({ name }).show(parallelCoordinates(coordinates, { title }));
