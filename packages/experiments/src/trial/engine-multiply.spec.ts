import { plainMultiply, type Product } from "@dualpath/datasets";
import { expect, it } from "vitest";
import { engineMultiply } from "./engine-multiply.js";

const numbers = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(index * 1.7 + phase));

it("multiplies as plain loops do, in every arrangement and for more forms than it keeps", async () => {
  const engine = engineMultiply("cpu", 1);
  const products: Product[] = Array.from({ length: 30 }, (_, index) => {
    const [rows, inner, columns] = [1 + (index % 7), 3 + index, 2 + (index % 5)];
    const [transposeA, transposeB] = [index % 2 === 1, index % 3 === 1];
    return {
      a: numbers(rows * inner, 0),
      b: numbers(inner * columns, 1),
      rows,
      inner,
      columns,
      transposeA,
      transposeB,
    };
  });
  for (const product of [...products, products[0]!]) {
    const expected = await plainMultiply(product);
    const got = await engine.multiply(product);
    expect(got).toHaveLength(expected.length);
    got.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 4));
  }
  await engine.close();
  await engine.close();
});
