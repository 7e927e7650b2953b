import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Store } from "../engine/store.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph, type Value } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import { add, affine, l2Normalize } from "../ops/index.js";
import { STRUCTURE_FAMILIES, structureLossSchema, type StructureLossConfig } from "./schema.js";
import { structureTerms } from "./structure.js";

/** Taps leave the float64 interpreter as float32. */
const FLOAT32_DIGITS = 5;
/** Central differences in float64 around float32 inputs. */
const DIFFERENCE_DIGITS = 3;
const DIMENSION = 5;

type Family = (typeof STRUCTURE_FAMILIES)[number];

interface Rows {
  readonly image: Float32Array;
  readonly text: Float32Array;
  readonly imageLabel: Int32Array;
  readonly textLabel: Int32Array;
}

const noise = (rows: number, stream: number): Float32Array =>
  uniform01(9, stream, 1, rows * DIMENSION).map((value) => 2 * value - 1);

/** Four classes with two images and three texts each. */
const many: Rows = {
  image: noise(8, 1),
  text: noise(12, 2),
  imageLabel: Int32Array.from({ length: 8 }, (_, row) => row >> 1),
  textLabel: Int32Array.from({ length: 12 }, (_, row) => Math.floor(row / 3)),
};

const configOf = (changes: Partial<StructureLossConfig>): StructureLossConfig =>
  structureLossSchema.parse({ margin: 0.3, violations: 4, images: 0.5, texts: 0.2, ...changes });

async function evaluated(
  rows: Rows,
  classes: number,
  config: StructureLossConfig,
  device: "cpu" | "reference",
) {
  const graph = new Graph("structure");
  const raw = (name: "image" | "text"): Value =>
    graph.input(name, [rows[name].length / DIMENSION, DIMENSION]);
  const label = (name: "imageLabel" | "textLabel"): Value => graph.input(name, [rows[name].length], "i32");
  const [image, text] = [raw("image"), raw("text")];
  const unit = (x: Value): Value => l2Normalize(x, { epsilon: 1e-12 }).y;
  const pairs = {
    image: unit(image),
    text: unit(text),
    imageLabel: label("imageLabel"),
    textLabel: label("textLabel"),
  };
  const terms = structureTerms(pairs, classes, config);
  const total = terms
    .map(({ value, weight }) => affine(value, { multiply: weight }))
    .reduce((sum, term) => add(sum, term));
  const [imageGradient, textGradient] = differentiate(total, [image, text]) as [Value, Value];
  const losses = Object.fromEntries(terms.map(({ family, value }) => [family, value]));
  await using store = Store.open({ device, threads: 1 });
  const program = await store.compile(graph, { taps: { ...losses, imageGradient, textGradient } });
  return program.step({ ...rows });
}

type Point = readonly number[];

const units = (rows: Float32Array | Float64Array): Point[] =>
  Array.from({ length: rows.length / DIMENSION }, (_, row) => {
    const values = [...rows.subarray(row * DIMENSION, (row + 1) * DIMENSION)];
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  });

const distance = (a: Point, b: Point): number =>
  Math.sqrt(a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0) + 1e-4);

/** {@link Rows}, with room for float64 steps. */
type Points = Omit<Rows, "image" | "text"> & Record<"image" | "text", Float32Array | Float64Array>;

/** The definition by plain float64 loops. */
function byLoops(rows: Points, family: Family, { margin, violations, keep }: StructureLossConfig): number {
  const images = { points: units(rows.image), labels: rows.imageLabel };
  const texts = { points: units(rows.text), labels: rows.textLabel };
  const anchors = family === "imageToText" || family === "images" ? images : texts;
  const others = family === "imageToText" || family === "texts" ? texts : images;
  const means = anchors.points.map((anchor, row) => {
    const positives = [...others.labels.keys()].filter(
      (column) => others.labels[column] === anchors.labels[row] && !(anchors === others && column === row),
    );
    const perPositive = positives.map((positive) =>
      [...others.labels.keys()]
        .filter((column) => others.labels[column] !== anchors.labels[row])
        .map(
          (negative) =>
            margin + distance(anchor, others.points[positive]!) - distance(anchor, others.points[negative]!),
        )
        .map((value) => Math.max(0, value))
        .sort((a, b) => b - a),
    );
    const kept =
      keep === "anchor"
        ? perPositive
            .flat()
            .sort((a, b) => b - a)
            .slice(0, violations)
        : perPositive.flatMap((list) => list.slice(0, violations));
    const places = keep === "anchor" ? 1 : violations * Math.max(1, positives.length);
    return kept.reduce((sum, value) => sum + value, 0) / places;
  });
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

describe("structure-preserving loss", () => {
  it.each(["anchor", "positive"] as const)(
    "keeping by %s agrees with plain loops in every family",
    async (keep) => {
      const config = configOf({ keep });
      for (const device of ["reference", "cpu"] as const) {
        const taps = await evaluated(many, 4, config, device);
        for (const family of STRUCTURE_FAMILIES)
          expect(taps[family]![0], family).toBeCloseTo(byLoops(many, family, config), FLOAT32_DIGITS);
      }
    },
  );

  it.each(["anchor", "positive"] as const)(
    "keeping by %s has the gradients of central differences",
    async (keep) => {
      const config = configOf({ keep });
      const taps = await evaluated(many, 4, config, "reference");
      const step = 1e-5;
      const total = (rows: Points): number =>
        STRUCTURE_FAMILIES.reduce((sum, family) => sum + config[family] * byLoops(rows, family, config), 0);
      for (const name of ["image", "text"] as const)
        for (let place = 0; place < many[name].length; place += 3) {
          const moved = (by: number): number => {
            const values = Float64Array.from(many[name]);
            values[place]! += by;
            return total({ ...many, [name]: values });
          };
          const difference = (moved(step) - moved(-step)) / (2 * step);
          expect(taps[`${name}Gradient`]![place], `${name} ${place}`).toBeCloseTo(
            difference,
            DIFFERENCE_DIGITS,
          );
        }
    },
  );

  it("never takes a row of the anchor's class as a negative, however often the class was drawn", async () => {
    const oneClass = { ...many, imageLabel: new Int32Array(8), textLabel: new Int32Array(12) };
    const taps = await evaluated(oneClass, 4, configOf({}), "reference");
    for (const family of STRUCTURE_FAMILIES) expect(taps[family]![0]).toBe(0);
  });

  it("leaves out families of weight 0", async () => {
    const taps = await evaluated(many, 4, configOf({ images: 0, imageToText: 0 }), "reference");
    expect(Object.keys(taps)).toEqual(["textToImage", "texts", "imageGradient", "textGradient"]);
  });
});

const matrix = z.array(z.array(z.number()));
const goldenSchema = z.object({
  image: matrix,
  text: matrix,
  losses: z.record(z.string(), z.number()),
  imageGradient: matrix,
  textGradient: matrix,
});

const file = new URL("../../fixtures/structure-loss.json", import.meta.url);
const goldens = z
  .object({ code: goldenSchema, paper: goldenSchema })
  .parse(JSON.parse(readFileSync(file, "utf8")));

/** Rows of a golden, so many images and texts of each class one after another. */
function goldenRows({ image, text }: z.infer<typeof goldenSchema>, images: number, texts: number): Rows {
  return {
    image: Float32Array.from(image.flat()),
    text: Float32Array.from(text.flat()),
    imageLabel: Int32Array.from(image.keys(), (row) => Math.floor(row / images)),
    textLabel: Int32Array.from(text.keys(), (row) => Math.floor(row / texts)),
  };
}

describe("against PyTorch, value and gradients agree", () => {
  const codeWeights = { imageToText: 1, textToImage: 1.5, images: 0, texts: 0.05 };
  const paperWeights = { imageToText: 1, textToImage: 2, images: 0.1, texts: 0.2 };
  const cases = [
    ["code", goldenRows(goldens.code, 1, 2), { keep: "positive", violations: 3, ...codeWeights }],
    ["paper", goldenRows(goldens.paper, 2, 3), { keep: "anchor", violations: 6, ...paperWeights }],
  ] as const;

  it.each(cases)("of paper B's loss as the %s has it", async (name, rows, changes) => {
    const golden = goldens[name];
    const classes = new Set(rows.imageLabel).size;
    for (const device of ["reference", "cpu"] as const) {
      const taps = await evaluated(rows, classes, configOf(changes), device);
      for (const [family, loss] of Object.entries(golden.losses))
        expect(taps[family]![0], family).toBeCloseTo(loss, FLOAT32_DIGITS);
      for (const view of ["imageGradient", "textGradient"] as const)
        golden[view]
          .flat()
          .forEach((value, place) =>
            expect(taps[view]![place], `${view} ${place}`).toBeCloseTo(value, FLOAT32_DIGITS),
          );
    }
  });
});
