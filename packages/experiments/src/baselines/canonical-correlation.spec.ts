import { describe, expect, it } from "vitest";
import { canonicalCorrelation, canonicalRows, type PairedRows } from "./canonical-correlation.js";

/** A reproducible number in [-1, 1). */
const noise = (index: number, stream: number): number => {
  const wave = Math.sin(index * 12.9898 + stream * 78.233) * 43758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
};

const COUNT = 3000;

/** x holds s and t and noise, y holds s with noise of the same size, t alone, and noise; both views are mixed. */
function related(): PairedRows {
  const x = new Float32Array(COUNT * 3);
  const y = new Float32Array(COUNT * 4);
  for (let row = 0; row < COUNT; row++) {
    const [s, t] = [noise(row, 1), noise(row, 2)];
    const [a, b, c] = [s, t, noise(row, 3)];
    x.set([a + 2 * b + 5, b - c, 3 * c + a], row * 3);
    const [d, e, f, g] = [s + noise(row, 4), t, noise(row, 5), noise(row, 6)];
    y.set([d + f, e - 2 * f - 3, f + g, g + d], row * 4);
  }
  return { x, y };
}

async function* inBlocks({ x, y }: PairedRows, size = 700): AsyncGenerator<PairedRows> {
  for (let row = 0; row < COUNT; row += size)
    yield { x: x.subarray(row * 3, (row + size) * 3), y: y.subarray(row * 4, (row + size) * 4) };
}

const options = { widths: [3, 4], dimensions: 3, regularization: 1e-9, seed: 1 } as const;

const correlation = (a: Float32Array, b: Float32Array, k: number, other: number): number => {
  const column = (of: Float32Array, at: number) =>
    Float64Array.from({ length: COUNT }, (_, row) => of[row * 3 + at]!);
  const [one, two] = [column(a, k), column(b, other)];
  const dot = (left: Float64Array, right: Float64Array) =>
    left.reduce((sum, value, row) => sum + value * right[row]!, 0);
  return dot(one, two) / Math.sqrt(dot(one, one) * dot(two, two));
};

describe("canonical correlation analysis", () => {
  it("finds what the views share: a shared source, one under noise of its size, and nothing more", async () => {
    const { correlations } = await canonicalCorrelation(inBlocks(related()), options);
    expect(correlations[0]).toBeCloseTo(1, 3);
    expect(correlations[1]).toBeCloseTo(Math.SQRT1_2, 1);
    expect(correlations[2]).toBeLessThan(0.08);
  });

  it("has coordinates of variance 1 that correlate with their partner only, as much as it says", async () => {
    const rows = related();
    const found = await canonicalCorrelation(inBlocks(rows), options);
    const x = await canonicalRows(found.x, rows.x, found.correlations, 0);
    const y = await canonicalRows(found.y, rows.y, found.correlations, 0);
    for (let k = 0; k < 3; k++)
      for (let other = 0; other < 3; other++) {
        expect(correlation(x, x, k, other)).toBeCloseTo(Number(k === other), 3);
        expect(correlation(x, y, k, other)).toBeCloseTo(k === other ? found.correlations[k]! : 0, 3);
      }
    const variance = x.reduce((sum, value) => sum + value * value, 0) / (3 * (COUNT - 1));
    expect(variance).toBeCloseTo(1, 3);
  });

  it("normalised weighs every coordinate by a power of its correlation", async () => {
    const rows = related();
    const found = await canonicalCorrelation(inBlocks(rows), options);
    const plain = await canonicalRows(found.x, rows.x, found.correlations, 0);
    const weighed = await canonicalRows(found.x, rows.x, found.correlations, 4);
    weighed
      .subarray(0, 9)
      .forEach((value, index) =>
        expect(value).toBeCloseTo(plain[index]! * found.correlations[index % 3]! ** 4, 5),
      );
  });

  it("refuses more directions than a view has numbers, and a single pair", async () => {
    const tooMany = canonicalCorrelation(inBlocks(related()), { ...options, dimensions: 4 });
    await expect(tooMany).rejects.toMatchObject({ code: "DATA" });
    const single = async function* () {
      yield { x: new Float32Array(3), y: new Float32Array(4) };
    };
    await expect(canonicalCorrelation(single(), options)).rejects.toThrow(/two pairs or more, got 1/);
  });
});
