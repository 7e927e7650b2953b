import { escaped } from "../report/svg.js";
import { recallSum, type Arm, type Evidence } from "./evidence.js";
import { spreadOf } from "./statistics.js";

const WIDTH = 720;
const LEFT = 210;
const RIGHT = 28;
const TOP = 34;
const ROW = 44;
const BOTTOM = 46;
const CAP = 7;
const INK = "#1f2937";
const MUTED = "#6b7280";
const GRID = "#e5e7eb";
const BAR = "#3b6fb6";
const DOT = "#9db8dc";

/**
 * SVG of a claim's arms: every repetition a dot, their mean a mark with a
 * whisker of one standard deviation to each side.
 */
export function claimPlot({ claim, arms }: Evidence): string {
  const shown = arms.filter(({ repetitions }) => repetitions.length > 0);
  const axis = axisOf(shown);
  const height = TOP + shown.length * ROW + BOTTOM;
  const bottom = TOP + shown.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="12" y="21" font-weight="bold" fill="${INK}">${escaped(claim.statement)}</text>`,
    ...axis.ticks.map((tick) => gridLine(axis.place(tick), bottom, axis.label(tick))),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 38}" text-anchor="middle" fill="${MUTED}">R@1 + R@5 + R@10, both directions, percent</text>`,
    ...shown.map((arm, row) => armRow(arm, TOP + row * ROW + ROW / 2, axis.place)),
    "</svg>\n",
  ].join("\n");
}

function armRow({ name, repetitions }: Arm, y: number, place: (value: number) => number): string {
  const values = repetitions.map(({ row }) => recallSum(row));
  const { mean, deviation = 0 } = spreadOf(values);
  const [low, centre, high] = [mean - deviation, mean, mean + deviation].map((value) => round(place(value)));
  const dots = values.map(
    (value) => `<circle cx="${round(place(value))}" cy="${y + 9}" r="3.5" fill="${DOT}"/>`,
  );
  return [
    `<text x="${LEFT - 14}" y="${y + 4}" text-anchor="end" fill="${INK}">${escaped(name)}</text>`,
    ...dots,
    `<path d="M${low} ${y - CAP - 4}v${2 * CAP - 6}M${low} ${y - 8}H${high}M${high} ${y - CAP - 4}v${2 * CAP - 6}" stroke="${BAR}" stroke-width="1.8" fill="none"/>`,
    `<circle cx="${centre}" cy="${y - 8}" r="4.5" fill="${BAR}"/>`,
    `<text x="${centre}" y="${y - 16}" text-anchor="middle" font-size="11" fill="${BAR}">${mean.toFixed(1)}</text>`,
  ].join("\n");
}

function gridLine(x: number, bottom: number, label: string): string {
  return [
    `<path d="M${round(x)} ${TOP}V${bottom}" stroke="${GRID}"/>`,
    `<text x="${round(x)}" y="${bottom + 17}" text-anchor="middle" font-size="11" fill="${MUTED}">${label}</text>`,
  ].join("\n");
}

interface Axis {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
  readonly label: (tick: number) => string;
}

const TICKS = 5;

/** An axis over all repetitions and whiskers with round ticks. */
function axisOf(arms: readonly Arm[]): Axis {
  const ends = arms.flatMap(({ repetitions }) => {
    const values = repetitions.map(({ row }) => recallSum(row));
    const { mean, deviation = 0 } = spreadOf(values);
    return [...values, mean - deviation, mean + deviation];
  });
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const step = roundStep(Math.max(high - low, 1) / TICKS);
  const [first, last] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const count = Math.max(1, Math.round((last - first) / step));
  const scale = (WIDTH - LEFT - RIGHT) / (count * step);
  return {
    ticks: Array.from({ length: count + 1 }, (_, index) => first + index * step),
    place: (value) => LEFT + (value - first) * scale,
    label: (tick) => tick.toFixed(step < 1 ? 1 : 0),
  };
}

/** The next of 1, 2, 5 times a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= step) ?? 10;
  return factor * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;
