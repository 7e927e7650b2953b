/** Maps numbers to pixels along one axis. */
export interface Scale {
  at(value: number): number;
  /** Round values with their labels, in ascending order. */
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

type Span = readonly [from: number, to: number];

const WANTED_TICKS = 5;

/** The first and last of some numbers, infinite ones and NaN left out; a single number gets room around it. */
export function extent(values: readonly number[]): Span {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = finite.reduce((least, value) => Math.min(least, value));
  const high = finite.reduce((most, value) => Math.max(most, value));
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

export function linearScale([low, high]: Span, [from, to]: Span): Scale {
  const step = roundStep((high - low) / WANTED_TICKS);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return {
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: ticks.map((value) => ({ value, label: shortNumber(value) })),
  };
}

/** Powers of ten at equal distances; all values must be positive. */
export function logarithmicScale([low, high]: Span, range: Span): Scale {
  const { at } = linearScale([Math.log10(low), Math.log10(high)], range);
  const exponents = Array.from({ length: 40 }, (_, index) => index - 20);
  const powers = exponents
    .map((exponent) => 10 ** exponent)
    .filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const ticks = powers.length > 1 ? powers : [low, high];
  return {
    at: (value) => at(Math.log10(value)),
    ticks: ticks.map((value) => ({ value, label: shortNumber(value) })),
  };
}

const roundStep = (raw: number): number => {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10);
};

/** At most four significant digits. */
export function shortNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}
