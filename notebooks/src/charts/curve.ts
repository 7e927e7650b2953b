import { openDisplay, type Display, type Shown } from "../display/show.js";
import { axes, colorOf, legend, path, svg, type AxesOptions } from "./frame.js";

/** One curve; with `low` and `high` a band is drawn around it. */
export interface Series {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** Curves as SVG. Points that are no numbers are left out. */
export function curve(series: readonly Series[], options: AxesOptions): Shown {
  const all = series.flatMap(({ points }) => points);
  const values = {
    x: all.map(({ x }) => x),
    y: all.flatMap(({ y, low = y, high = y }) => [y, low, high]),
  };
  const frame = axes(options, values);
  const drawn = series.map(({ points }, index) => {
    const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
    const color = colorOf(index);
    const at = (x: number, y: number): [number, number] => [frame.x.at(x), frame.y.at(y)];
    const upper = finite.map(({ x, y, high = y }) => at(x, high));
    const lower = finite.map(({ x, y, low = y }) => at(x, low)).reverse();
    const banded = finite.some(({ low }) => low !== undefined);
    const band = `<polygon points="${path([...upper, ...lower])}" fill="${color}" fill-opacity="0.18"/>`;
    const middle = finite.map(({ x, y }) => at(x, y));
    return `${banded ? band : ""}<polyline points="${path(middle)}" fill="none" stroke="${color}" stroke-width="1.8"/>`;
  });
  const names = legend(
    series.map(({ name }) => name),
    frame.width,
  );
  return { mime: "image/svg+xml", data: svg(frame.width, frame.height, [frame.drawing, ...drawn, names]) };
}

/** Shows curves; in a plain process they go to a file, whose path is returned. */
export const showCurve = (
  series: readonly Series[],
  options: AxesOptions & { readonly name?: string },
): Promise<string | undefined> => openDisplay({ name: options.name ?? "curve" }).show(curve(series, options));

/** A chart that grows while something runs. */
export interface LiveCurve {
  /** Adds a point to a curve, which begins with its first one; redraws now and then. */
  add(name: string, x: number, y: number): Promise<void>;
  /** Draws what has been added since. */
  flush(): Promise<void>;
}

export interface LiveCurveOptions extends AxesOptions {
  readonly name?: string;
  /** Milliseconds between drawings (default 1000). */
  readonly interval?: number;
  /** Default: an output of this cell, or a file. */
  readonly display?: Display;
}

/** Opens a chart in this cell that `add` lets grow. */
export function liveCurve(options: LiveCurveOptions): LiveCurve {
  const display = options.display ?? openDisplay({ name: options.name ?? "curve" });
  const { interval = 1000 } = options;
  const series = new Map<string, CurvePoint[]>();
  let drawnAt = -Infinity;
  const flush = async (): Promise<void> => {
    drawnAt = performance.now();
    await display.show(
      curve(
        [...series].map(([name, points]) => ({ name, points })),
        options,
      ),
    );
  };
  return {
    flush,
    add: async (name, x, y) => {
      const points = series.get(name) ?? [];
      points.push({ x, y });
      series.set(name, points);
      if (performance.now() - drawnAt >= interval) await flush();
    },
  };
}
