import { describe, expect, it } from "vitest";
import { normals } from "../linear-algebra/column-blocks.js";
import { plainMultiply } from "../linear-algebra/multiply.js";
import { randomStream } from "../loader/random.js";
import { expectError } from "../testing/fixtures.js";
import { fisherDimension, fisherGradient, writeFisherVector } from "./fisher-vector.js";
import { componentConstants, componentLogs, fitHybridMixture, type HybridMixture } from "./hybrid-mixture.js";
import { independentComponents, unmixed } from "./independent-components.js";

const at = (x: ArrayLike<number>, index: number): number => x[index] as number;

/** Laplacian numbers of scale 1. */
function laplacians(count: number, stream: number): Float32Array {
  const random = randomStream(8, stream, 1);
  return Float32Array.from({ length: count }, (_, index) => {
    const uniform = random.uniform(index) - 0.5;
    return -Math.sign(uniform) * Math.log(1 - 2 * Math.abs(uniform));
  });
}

const mixture: HybridMixture = {
  centres: 2,
  dimension: 3,
  weights: Float64Array.of(0.3, 0.7),
  gaussian: Uint8Array.of(1, 0, 1, 0, 0, 1),
  location: Float64Array.of(0.1, -0.4, 0.9, 0.5, 0.2, -0.3),
  spread: Float64Array.of(0.8, 0.5, 1.2, 0.9, 0.4, 0.7),
};
const words = Float32Array.of(0.3, 0.1, -0.7, 1.1, -0.2, 0.4, -0.6, 0.8, 0.05, 0.7, 0.33, -1.2);
const WORDS = words.length / 3;

/** Mean log likelihood of the words, written out from the densities. */
function logLikelihood({ centres, dimension, weights, gaussian, location, spread }: HybridMixture): number {
  let total = 0;
  for (let word = 0; word < WORDS; word++) {
    let likelihood = 0;
    for (let k = 0; k < centres; k++) {
      let density = at(weights, k);
      for (let d = 0; d < dimension; d++) {
        const place = k * dimension + d;
        const scale = at(spread, place);
        const offset = (at(words, word * dimension + d) - at(location, place)) / scale;
        density *= gaussian[place]
          ? Math.exp(-0.5 * offset * offset) / (scale * Math.sqrt(2 * Math.PI))
          : Math.exp(-Math.abs(offset)) / (2 * scale);
      }
      likelihood += density;
    }
    total += Math.log(likelihood) / WORDS;
  }
  return total;
}

describe("hybrid Gaussian-Laplacian mixture", () => {
  it("has the densities of its parts", () => {
    const logs = new Float64Array(2);
    let total = 0;
    for (let word = 0; word < WORDS; word++)
      total += componentLogs(mixture, componentConstants(mixture), words, word * 3, logs) / WORDS;
    expect(total).toBeCloseTo(logLikelihood(mixture), 12);
  });

  it("finds two clusters, and which of their dimensions are Gaussian and which Laplacian", () => {
    const count = 4000;
    const [gauss, laplace] = [normals(count, 4, 1), laplacians(count, 2)];
    const x = Float32Array.from({ length: count * 2 }, (_, index) => {
      const row = Math.floor(index / 2);
      const far = row % 4 === 0 ? 6 : -2;
      return index % 2 === 0 ? far + 0.5 * at(gauss, row) : 0.8 * at(laplace, row);
    });
    const seen: number[] = [];
    const fitted = fitHybridMixture(x, {
      dimension: 2,
      centres: 2,
      seed: 3,
      onIteration: (_, __, mean) => seen.push(mean),
    });
    const [near, far] = at(fitted.location, 0) < at(fitted.location, 2) ? [0, 1] : [1, 0];
    expect(at(fitted.weights, near)).toBeCloseTo(0.75, 2);
    expect(at(fitted.location, 2 * near)).toBeCloseTo(-2, 1);
    expect(at(fitted.location, 2 * far)).toBeCloseTo(6, 1);
    expect(at(fitted.spread, 2 * near)).toBeCloseTo(0.5, 1);
    expect(at(fitted.spread, 2 * near + 1)).toBeCloseTo(0.8, 1);
    expect([...fitted.gaussian]).toEqual([1, 0, 1, 0]);
    seen.slice(1).forEach((mean, index) => expect(mean).toBeGreaterThanOrEqual(at(seen, index) - 1e-6));
  });

  it("stays finite where all rows are equal or fewer than the centres", () => {
    const fitted = fitHybridMixture(new Float32Array(6).fill(2), { dimension: 2, centres: 5, seed: 0 });
    const numbers = [...fitted.weights, ...fitted.location, ...fitted.spread];
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect([...fitted.location].every((value) => Math.abs(value - 2) < 1e-6)).toBe(true);
  });
});

describe("Fisher vector", () => {
  const gradientOf = (x: Float32Array): Float64Array => {
    const target = new Float64Array(fisherDimension(mixture));
    fisherGradient(mixture, x, target);
    return target;
  };

  it("is the gradient of the log likelihood in locations and spreads over the root of the Fisher information", () => {
    const gradient = gradientOf(words);
    const step = 1e-6;
    for (const [table, name] of ["location", "spread"].entries())
      for (let place = 0; place < 6; place++) {
        const moved = (by: number): number => {
          const values = Float64Array.from(mixture[name as "location" | "spread"]);
          values[place] = at(values, place) + by;
          return logLikelihood({ ...mixture, [name]: values });
        };
        const difference = (moved(step) - moved(-step)) / (2 * step);
        const shape = name === "spread" && mixture.gaussian[place] ? 2 : 1;
        const weight = at(mixture.weights, Math.floor(place / 3));
        const information = (shape * weight) / at(mixture.spread, place) ** 2;
        expect(at(gradient, table * 6 + place), `${name} ${place}`).toBeCloseTo(
          difference / Math.sqrt(information),
          6,
        );
      }
  });

  it("has length 1 and the signed roots of the gradient, and is zero for a text without words", () => {
    const gradient = gradientOf(words);
    const vector = new Float32Array(gradient.length);
    writeFisherVector(mixture, words, new Float64Array(gradient.length), vector);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    const ratio = at(vector, 0) ** 2 / at(gradient, 0);
    vector.forEach((value, place) => {
      expect(Math.sign(value) * value * value).toBeCloseTo(Math.abs(ratio) * at(gradient, place), 6);
    });
    writeFisherVector(mixture, new Float32Array(0), new Float64Array(gradient.length), vector);
    expect([...vector].every((value) => value === 0)).toBe(true);
  });

  it("does not change when a text is said twice", () => {
    const twice = Float32Array.of(...words, ...words);
    gradientOf(twice).forEach((value, place) => expect(value).toBeCloseTo(at(gradientOf(words), place), 12));
  });
});

describe("independent components", () => {
  it("are the sources of a mixture, but for order, sign and scale", async () => {
    const count = 5000;
    const sources = [laplacians(count, 5), laplacians(count, 6), laplacians(count, 7)];
    const mixing = [1, 0.5, -0.3, 0.2, 1, 0.8, -0.6, 0.1, 1];
    const x = Float32Array.from({ length: count * 3 }, (_, index) => {
      const [row, column] = [Math.floor(index / 3), index % 3];
      return sources.reduce((sum, source, k) => sum + at(mixing, column * 3 + k) * at(source, row), 1);
    });
    const found = await independentComponents(x, { dimension: 3, seed: 1, multiply: plainMultiply });
    const y = await unmixed(found, x, plainMultiply);
    for (const source of sources) {
      const correlations = [0, 1, 2].map((column) => {
        const size = source.reduce((sum, value) => sum + value * value, 0);
        const product = source.reduce((sum, value, row) => sum + value * at(y, row * 3 + column), 0);
        return Math.abs(product) / Math.sqrt(size * count);
      });
      expect(Math.max(...correlations)).toBeGreaterThan(0.99);
    }
    const variance = y.reduce((sum, value) => sum + value * value, 0) / y.length;
    expect(variance).toBeCloseTo(1, 3);
  });

  it("need rows that fill the space", async () => {
    const flat = Float32Array.from({ length: 30 }, (_, index) =>
      index % 3 === 2 ? 0 : at(normals(30, 1, 1), index),
    );
    const options = { dimension: 3, seed: 1, multiply: plainMultiply };
    await expectError(() => independentComponents(flat, options), "OPTION", "10 words", "take more words");
  });
});
