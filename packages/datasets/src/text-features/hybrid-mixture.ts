import { randomStream } from "../loader/random.js";

/**
 * Hybrid Gaussian-Laplacian mixture (Klein et al., 2015): each of `centres` components is, in each dimension, either a
 * Gaussian (location: mean, spread: standard deviation) or a Laplacian (location: median, spread: mean absolute
 * deviation). Tables are [centres, dimension].
 */
export interface HybridMixture {
  readonly centres: number;
  readonly dimension: number;
  readonly weights: Float64Array;
  /** 1 for a Gaussian, 0 for a Laplacian. */
  readonly gaussian: Uint8Array;
  readonly location: Float64Array;
  readonly spread: Float64Array;
}

export interface HybridMixtureOptions {
  readonly dimension: number;
  readonly centres: number;
  readonly seed: number;
  readonly iterations?: number;
  /** Called after every iteration with the mean log likelihood of a row. */
  readonly onIteration?: (done: number, total: number, logLikelihood: number) => void;
}

const STREAM = 0xda7a0102;
/** Spreads stay above this share of the dimension's deviation over all rows. */
const SPREAD_FLOOR = 1e-2;
const WEIGHT_FLOOR = 1e-6;
/** Relative gain of the log likelihood below which fitting ends. */
const CONVERGED = 1e-5;

/** Fits the mixture to rows x [n, dimension] by expectation maximisation; the log likelihood never falls. */
export function fitHybridMixture(x: Float32Array, options: HybridMixtureOptions): HybridMixture {
  const { dimension, centres, iterations = 100, onIteration } = options;
  const fit = new Fit(x, dimension, centres);
  let mixture = fit.start(options.seed);
  let last = -Infinity;
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const mean = fit.expect(mixture);
    mixture = fit.maximise();
    onIteration?.(iteration, iterations, mean);
    if (mean - last < CONVERGED * Math.abs(mean)) break;
    last = mean;
  }
  return mixture;
}

/** The part of each component's log density that no row changes: log of its weight less those of its norms. */
export function componentConstants(mixture: HybridMixture): Float64Array {
  const { dimension, weights, gaussian, spread } = mixture;
  return weights.map((weight, k) => {
    let log = Math.log(weight);
    for (let at = k * dimension; at < (k + 1) * dimension; at++)
      log -= Math.log(spread[at] as number) + (gaussian[at] === 1 ? LOG_GAUSS : LOG_LAPLACE);
    return log;
  });
}

/**
 * log of weight times density of every component at x[first ..]; returns the log of their sum. `constants` are the
 * mixture's {@link componentConstants}.
 */
export function componentLogs(
  { centres, dimension, gaussian, location, spread }: HybridMixture,
  constants: Float64Array,
  x: Float32Array | Float64Array,
  first: number,
  logs: Float64Array,
): number {
  let largest = -Infinity;
  for (let k = 0; k < centres; k++) {
    let log = constants[k] as number;
    for (let d = 0; d < dimension; d++) {
      const at = k * dimension + d;
      const offset = ((x[first + d] as number) - (location[at] as number)) / (spread[at] as number);
      log -= gaussian[at] === 1 ? offset * offset * 0.5 : Math.abs(offset);
    }
    logs[k] = log;
    largest = Math.max(largest, log);
  }
  let sum = 0;
  for (let k = 0; k < centres; k++) sum += Math.exp((logs[k] as number) - largest);
  return largest + Math.log(sum);
}

const LOG_GAUSS = 0.5 * Math.log(2 * Math.PI);
const LOG_LAPLACE = Math.log(2);

class Fit {
  readonly #x: Float32Array;
  readonly #dimension: number;
  readonly #centres: number;
  readonly #count: number;
  /** Responsibilities [centres, n]. */
  readonly #share: Float32Array;
  /** Rows by ascending value, for each dimension. */
  readonly #order: Int32Array[];
  readonly #floors: Float64Array;

  constructor(x: Float32Array, dimension: number, centres: number) {
    this.#x = x;
    this.#dimension = dimension;
    this.#centres = centres;
    this.#count = x.length / dimension;
    this.#share = new Float32Array(centres * this.#count);
    this.#order = Array.from({ length: dimension }, (_, d) => this.#sorted(d));
    this.#floors = Float64Array.from(
      { length: dimension },
      (_, d) => SPREAD_FLOOR * this.#deviation(d) + 1e-12,
    );
  }

  #sorted(d: number): Int32Array {
    const values = Float32Array.from({ length: this.#count }, (_, row) => this.#value(row, d));
    return Int32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  }

  #value(row: number, d: number): number {
    return this.#x[row * this.#dimension + d] as number;
  }

  #deviation(d: number): number {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < this.#count; row++) {
      sum += this.#value(row, d);
      squares += this.#value(row, d) ** 2;
    }
    return Math.sqrt(Math.max(0, squares / this.#count - (sum / this.#count) ** 2));
  }

  /** Different rows as means, all components Gaussian and as wide as the data. */
  start(seed: number): HybridMixture {
    const [centres, dimension] = [this.#centres, this.#dimension];
    const random = randomStream(seed, STREAM, 0);
    const location = new Float64Array(centres * dimension);
    const chosen = new Set<number>();
    for (let draw = 0; chosen.size < Math.min(centres, this.#count); draw++)
      chosen.add(random.integer(draw, this.#count));
    const rows = [...chosen];
    for (let k = 0; k < centres; k++)
      for (let d = 0; d < dimension; d++)
        location[k * dimension + d] = this.#value(rows[k % rows.length] as number, d);
    const wide = this.#floors.map((floor) => floor / SPREAD_FLOOR);
    return {
      centres,
      dimension,
      weights: new Float64Array(centres).fill(1 / centres),
      gaussian: new Uint8Array(location.length).fill(1),
      location,
      spread: location.map((_, at) => wide[at % dimension] as number),
    };
  }

  /** Sets the responsibilities; returns the mean log likelihood. */
  expect(mixture: HybridMixture): number {
    const logs = new Float64Array(this.#centres);
    const constants = componentConstants(mixture);
    let total = 0;
    for (let row = 0; row < this.#count; row++) {
      const log = componentLogs(mixture, constants, this.#x, row * this.#dimension, logs);
      for (let k = 0; k < this.#centres; k++)
        this.#share[k * this.#count + row] = Math.exp((logs[k] as number) - log);
      total += log;
    }
    return total / this.#count;
  }

  /** The mixture of largest expected log likelihood under the responsibilities. */
  maximise(): HybridMixture {
    const [centres, dimension] = [this.#centres, this.#dimension];
    const location = new Float64Array(centres * dimension);
    const [spread, gaussian] = [location.slice(), new Uint8Array(location.length)];
    const weights = new Float64Array(centres);
    for (let k = 0; k < centres; k++) {
      const share = this.#share.subarray(k * this.#count, (k + 1) * this.#count);
      const weight = share.reduce((sum, value) => sum + value, 0);
      weights[k] = Math.max(WEIGHT_FLOOR, weight / this.#count);
      for (let d = 0; d < dimension; d++) {
        const chosen = this.#choose(share, weight, d);
        const at = k * dimension + d;
        location[at] = chosen.location;
        spread[at] = chosen.spread;
        gaussian[at] = Number(chosen.gaussian);
      }
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { centres, dimension, weights: weights.map((weight) => weight / sum), gaussian, location, spread };
  }

  /** The family that explains one dimension of one component better. */
  #choose(share: Float32Array, weight: number, d: number) {
    const floor = this.#floors[d] as number;
    const total = Math.max(weight, 1e-30);
    let [sum, squares] = [0, 0];
    for (let row = 0; row < this.#count; row++) {
      const value = this.#value(row, d);
      sum += (share[row] as number) * value;
      squares += (share[row] as number) * value * value;
    }
    const mean = sum / total;
    const deviation = Math.max(floor, Math.sqrt(Math.max(0, squares / total - mean * mean)));
    const median = this.#median(share, weight, d);
    let absolute = 0;
    for (let row = 0; row < this.#count; row++)
      absolute += (share[row] as number) * Math.abs(this.#value(row, d) - median);
    const width = Math.max(floor, absolute / total);
    // Per unit of weight: -log(sigma sqrt(2 pi e)) against -log(2 s e).
    const isGaussian = Math.log(deviation) + LOG_GAUSS + 0.5 <= Math.log(width) + LOG_LAPLACE + 1;
    return isGaussian
      ? { gaussian: true, location: mean, spread: deviation }
      : { gaussian: false, location: median, spread: width };
  }

  #median(share: Float32Array, weight: number, d: number): number {
    const order = this.#order[d] as Int32Array;
    let passed = 0;
    for (const row of order) {
      passed += share[row] as number;
      if (2 * passed >= weight) return this.#value(row, d);
    }
    return this.#value(order[order.length - 1] as number, d);
  }
}
