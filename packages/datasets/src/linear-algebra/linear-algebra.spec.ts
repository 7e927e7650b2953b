import { describe, expect, it } from "vitest";
import { expectError } from "../testing/fixtures.js";
import { inverseCholesky, normals, orthonormalised, randomColumns, timesColumns } from "./column-blocks.js";
import { plainMultiply, transposed } from "./multiply.js";
import { principalSubspace, project } from "./principal-subspace.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/** Products leave as float32. */
const FLOAT32_DIGITS = 5;

const at = (x: ArrayLike<number>, index: number): number => x[index] as number;

describe("products", () => {
  it("agree in every arrangement of the operands", async () => {
    const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9, 10, 11, 12)];
    const sizes = { rows: 2, inner: 3, columns: 2 };
    const expected = [58, 64, 139, 154];
    expect([...(await plainMultiply({ a, b, ...sizes }))]).toEqual(expected);
    const swapped = { a: transposed(a, 2, 3), b: transposed(b, 3, 2), transposeA: true, transposeB: true };
    expect([...(await plainMultiply({ ...swapped, ...sizes }))]).toEqual(expected);
  });
});

/** Rows whose column k varies by spread[k], turned by a fixed orthogonal matrix. */
async function turnedRows(count: number, spread: readonly number[]) {
  const dimension = spread.length;
  const turn = await orthonormalised(randomColumns(dimension, dimension, 5), plainMultiply);
  const straight = normals(count * dimension, 3, 9).map(
    (value, index) => value * at(spread, index % dimension) + 2,
  );
  return {
    rows: await timesColumns(straight, turn, plainMultiply),
    turn: turn.blocks[0]?.data as Float32Array,
  };
}

describe("eigenvectors of a symmetric matrix", () => {
  it("solve it, are orthonormal and come with the largest value first", () => {
    const n = 12;
    const noise = normals(n * n, 1, 1);
    const matrix = Float64Array.from({ length: n * n }, (_, index) => {
      const [row, column] = [Math.floor(index / n), index % n];
      return at(noise, row * n + column) + at(noise, column * n + row);
    });
    const { values, vectors } = symmetricEigen(matrix, n);
    for (let k = 0; k < n; k++) {
      const vector = vectors.subarray(k * n, (k + 1) * n);
      if (k > 0) expect(at(values, k)).toBeLessThanOrEqual(at(values, k - 1));
      for (let row = 0; row < n; row++) {
        const product = vector.reduce((sum, value, column) => sum + at(matrix, row * n + column) * value, 0);
        expect(product).toBeCloseTo(at(values, k) * at(vector, row), 10);
        const inner = vectors
          .subarray(row * n, (row + 1) * n)
          .reduce((sum, value, column) => sum + value * at(vector, column), 0);
        expect(inner).toBeCloseTo(Number(row === k), 10);
      }
    }
  });

  it("of a diagonal matrix are the axes", () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(1, 0, 0, 4), 2);
    expect([...values]).toEqual([4, 1]);
    expect([...vectors].map(Math.abs)).toEqual([0, 1, 1, 0]);
  });
});

describe("orthonormal columns", () => {
  it.each([
    ["one block", 40, 12],
    ["several blocks", 330, 300],
  ])("of %s are orthonormal", async (_, rows, columns) => {
    const { blocks } = await orthonormalised(randomColumns(rows, columns, 2), plainMultiply);
    for (const [index, one] of blocks.entries())
      for (const [place, other] of blocks.entries()) {
        const gram = await plainMultiply({
          ...{ a: one.data, b: other.data, rows: one.width, inner: rows, columns: other.width },
          transposeA: true,
        });
        const wrong = gram.findIndex((value, cell) => {
          const same = index === place && Math.floor(cell / other.width) === cell % other.width;
          return Math.abs(value - Number(same)) > 1e-5;
        });
        expect(wrong).toBe(-1);
      }
  });

  it("exist for columns that repeat or are zero", async () => {
    const data = Float32Array.from({ length: 8 * 3 }, (_, index) => (index % 3 === 2 ? 0 : 1));
    const { blocks } = await orthonormalised(
      { rows: 8, columns: 3, blocks: [{ width: 3, data }] },
      plainMultiply,
    );
    const [block] = blocks;
    expect(block?.data.every(Number.isFinite)).toBe(true);
  });

  it("come from the inverse of a Cholesky factor", () => {
    const inverse = inverseCholesky(Float64Array.of(4, 2, 2, 10), 2, 0);
    expect([...inverse]).toEqual([0.5, 0, -1 / 6, 1 / 3].map((value) => expect.closeTo(value, 12) as number));
  });
});

describe("the principal subspace", () => {
  const spread = [9, 7, 5, 1, 0.5, 0.2];

  it("is spanned by the eigenvectors of the covariance with the largest values", async () => {
    const { rows } = await turnedRows(400, spread);
    async function* blocks() {
      for (let row = 0; row < 400; row += 150) yield rows.subarray(row * 6, Math.min(400, row + 150) * 6);
    }
    const options = { dimension: 6, components: 3, passes: 6, seed: 1, multiply: plainMultiply };
    const found = await principalSubspace(blocks, options);
    const covariance = new Float64Array(36);
    for (let row = 0; row < 400; row++)
      for (let cell = 0; cell < 36; cell++) {
        const [i, j] = [Math.floor(cell / 6), cell % 6];
        const [x, y] = [at(rows, row * 6 + i) - at(found.mean, i), at(rows, row * 6 + j) - at(found.mean, j)];
        covariance[cell] = at(covariance, cell) + x * y;
      }
    const { vectors } = symmetricEigen(covariance, 6);
    const inside = await timesColumns(Float32Array.from(vectors.subarray(0, 18)), found.basis, plainMultiply);
    for (let k = 0; k < 3; k++)
      expect(Math.hypot(...inside.subarray(k * 3, (k + 1) * 3))).toBeCloseTo(1, FLOAT32_DIGITS);
  });

  it("keeps the distances that lie in it", async () => {
    const { rows } = await turnedRows(60, [3, 2, 0, 0]);
    const options = { dimension: 4, components: 2, passes: 3, seed: 1, multiply: plainMultiply };
    const source = async function* () {
      yield rows;
    };
    const projected = await project(await principalSubspace(source, options), rows, plainMultiply);
    const distance = (x: Float32Array, width: number) =>
      Math.hypot(...Array.from({ length: width }, (_, column) => at(x, column) - at(x, width * 7 + column)));
    expect(distance(projected, 2)).toBeCloseTo(distance(rows, 4), 4);
  });

  it("cannot have more directions than rows", async () => {
    const source = async function* () {
      yield new Float32Array(12);
    };
    const options = { dimension: 4, components: 3, passes: 1, seed: 1, multiply: plainMultiply };
    await expectError(
      () => principalSubspace(source, options),
      "OPTION",
      "3 were asked for, but there are 3 rows",
    );
  });
});
