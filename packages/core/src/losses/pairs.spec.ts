import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import { l2Normalize } from "../ops/index.js";
import { lossesSchema } from "./schema.js";
import { lossTerms, weightScalar } from "./terms.js";

/** Taps leave the float64 interpreter as float32. */
const FLOAT32_DIGITS = 4;
const DIMENSION = 5;
const DRAWS = 4;
const IMAGES = 2;
const TEXTS = 3;
/** Draws 1 and 3 are of one class. */
const CLASSES = [7, 2, 5, 2];

const rowsOf = (each: number, stream: number): number[][] =>
  Array.from({ length: DRAWS * each }, (_, row) => {
    const values = [...uniform01(9, stream, row + 1, DIMENSION)].map((value) => 2 * value - 1);
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  });
const images = rowsOf(IMAGES, 1);
const texts = rowsOf(TEXTS, 2);
const labelsOf = (each: number): Int32Array =>
  Int32Array.from({ length: DRAWS * each }, (_, row) => CLASSES[Math.floor(row / each)]!);
const cosine = (a: number[], b: number[]): number => a.reduce((sum, value, k) => sum + value * b[k]!, 0);

/** The losses and the gradients of both inputs. */
async function evaluated(losses: object, device: "cpu" | "reference") {
  const config = lossesSchema.parse(losses);
  const graph = new Graph("pairs");
  const input = {
    image: graph.input("image", [DRAWS * IMAGES, DIMENSION]),
    text: graph.input("text", [DRAWS * TEXTS, DIMENSION]),
  };
  const path = (x: typeof input.image) => {
    const embedding = l2Normalize(x, { epsilon: 1e-12 }).y;
    return { feature: x, projection: x, embedding, dropped: () => embedding };
  };
  const unused = () => {
    throw new Error("these losses have no classifier");
  };
  const { terms, total, feedsOf } = lossTerms(
    { image: path(input.image), text: path(input.text) },
    config,
    { classifier: unused },
    DRAWS,
  );
  const [image, text] = differentiate(total, [input.image, input.text]);
  const store = Store.open({ device });
  try {
    const program = await store.compile(graph, { taps: { loss: total, image: image!, text: text! } });
    const taps = await program.step(
      {
        image: Float32Array.from(images.flat()),
        text: Float32Array.from(texts.flat()),
        ...feedsOf(labelsOf(IMAGES), labelsOf(TEXTS)),
      },
      Object.fromEntries(terms.map(({ name, weight }) => [weightScalar(name), weight])),
    );
    return { loss: taps["loss"]![0]!, gradient: [...taps["image"]!, ...taps["text"]!] };
  } finally {
    await store.dispose();
  }
}

describe("losses of draws that bring several images and texts", () => {
  const scale = 6;
  const pairs = images.flatMap((image, row) => {
    const draw = Math.floor(row / IMAGES);
    const own = texts.slice(draw * TEXTS, (draw + 1) * TEXTS);
    return own.map((text) => ({ image, text, label: CLASSES[draw]! }));
  });

  it("contrastive: every image of a draw pairs with every text of it", async () => {
    let expected = 0;
    for (const own of pairs) {
      const others = pairs.filter((pair) => pair.label !== own.label);
      const logit = scale * cosine(own.image, own.text);
      const toText = others.map(({ text }) => Math.exp(scale * cosine(own.image, text) - logit));
      const toImage = others.map(({ image }) => Math.exp(scale * cosine(image, own.text) - logit));
      for (const direction of [toText, toImage])
        expected += Math.log1p(direction.reduce((sum, term) => sum + term)) / (2 * pairs.length);
    }
    const { loss } = await evaluated({ contrastive: { scale } }, "reference");
    expect(loss).toBeCloseTo(expected, FLOAT32_DIGITS);
  });

  it("contrastive with class-wide positives: the mean over all pairs of a class", async () => {
    const direction = (score: (a: (typeof pairs)[0], b: (typeof pairs)[0]) => number): number => {
      const rows = pairs.map((row) => {
        const all = pairs.map((other) => Math.exp(score(row, other)));
        const positives = pairs.filter(({ label }) => label === row.label).map((other) => score(row, other));
        const mean = positives.reduce((sum, value) => sum + value) / positives.length;
        return Math.log(all.reduce((sum, value) => sum + value)) - mean;
      });
      return rows.reduce((sum, value) => sum + value) / rows.length;
    };
    const expected =
      (direction((a, b) => scale * cosine(a.image, b.text)) +
        direction((a, b) => scale * cosine(b.image, a.text))) /
      2;
    const { loss } = await evaluated({ contrastive: { scale, positives: "class" } }, "reference");
    expect(loss).toBeCloseTo(expected, FLOAT32_DIGITS);
  });

  it("sigmoid: every image decides about every text", async () => {
    let expected = 0;
    images.forEach((image, row) =>
      texts.forEach((text, column) => {
        const sign = labelsOf(IMAGES)[row] === labelsOf(TEXTS)[column] ? 1 : -1;
        expected += Math.log1p(Math.exp(-sign * (scale * cosine(image, text) - 2))) / images.length;
      }),
    );
    const { loss } = await evaluated({ sigmoid: { scale, bias: -2 } }, "reference");
    expect(loss).toBeCloseTo(expected, FLOAT32_DIGITS);
  });

  it.each([{ contrastive: {} }, { contrastive: { positives: "class" } }, { sigmoid: {} }])(
    "%o: the CPU agrees with the float64 interpreter in loss and gradients",
    async (losses) => {
      const expected = await evaluated(losses, "reference");
      const measured = await evaluated(losses, "cpu");
      expect(measured.loss).toBeCloseTo(expected.loss, FLOAT32_DIGITS);
      expect(measured.gradient).toHaveLength(expected.gradient.length);
      measured.gradient.forEach((value, index) =>
        expect(value).toBeCloseTo(expected.gradient[index]!, FLOAT32_DIGITS),
      );
      expect(Math.max(...expected.gradient.map(Math.abs))).toBeGreaterThan(0.01);
    },
  );
});
