import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Store } from "../engine/store.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph, type Value } from "../graph/graph.js";
import type { TypedArray } from "../graph/types.js";
import { createBuildContext } from "../layers/context.js";
import { classifier } from "../models/classifier.js";
import { classifierSchema } from "../models/schema.js";
import { affine, l2Normalize, matmul } from "../ops/index.js";
import { contrastiveLoss, positiveShares, sameClassMask } from "./contrastive.js";
import { classifierLoss } from "./instance.js";
import { logisticLoss, pairWeights } from "./logistic.js";
import { inBatchRankingLoss, pairedNegativeMask, pairedRankingLoss } from "./ranking.js";
import { pairSigns, sigmoidLoss } from "./sigmoid.js";

/** float32 sums of a few dozen terms of order one against PyTorch's float64. */
const DIGITS = 5;

const matrix = z.array(z.array(z.number()));
const labels = z.array(z.int()).transform((values) => Int32Array.from(values));
const goldenSchema = z.object({
  image: matrix,
  text: matrix,
  centres: matrix,
  labels: z.object({ distinct: labels, repeated: labels, halves: labels, instance: labels }),
  cases: z.record(z.string(), z.object({ loss: z.number(), gradients: z.array(matrix) })),
});

const file = new URL("../../fixtures/losses.json", import.meta.url);
const golden = goldenSchema.parse(JSON.parse(readFileSync(file, "utf8")));
const { distinct, repeated, halves } = golden.labels;
const rows = golden.image.length;
const dimension = golden.image[0]!.length;
const own = Int32Array.from({ length: rows }, (_, row) => row);
const numbers = (values: readonly (readonly number[])[]): Float32Array => Float32Array.from(values.flat());

interface Case {
  readonly feeds: Readonly<Record<string, TypedArray>>;
  /** The loss of unit rows in a graph whose feeds are declared by `input`. */
  readonly loss: (pair: { image: Value; text: Value }, graph: Graph) => Value;
}

const square = [rows, rows] as const;

const ranking = (label: Int32Array, margin: number, mining: "all" | "hardest"): Case => ({
  feeds: { label },
  loss: (pair, graph) => {
    const shared = graph.input("label", [rows], "i32");
    return inBatchRankingLoss({ ...pair, imageLabel: shared, textLabel: shared }, margin, mining);
  },
});

const contrastive = (label: Int32Array, scale: number): Case => ({
  feeds: { rows: own, mask: sameClassMask(label, label) },
  loss: (pair, graph) => {
    const mask = graph.input("mask", [...square]);
    return contrastiveLoss({ ...pair, mask, rows: graph.input("rows", [rows], "i32") }, scale);
  },
});

const classWide = (label: Int32Array, scale: number): Case => ({
  feeds: { rows: own, toText: positiveShares(label, label), toImage: positiveShares(label, label) },
  loss: (pair, graph) => {
    const shares = [graph.input("toText", [...square]), graph.input("toImage", [...square])] as const;
    return contrastiveLoss({ ...pair, shares, rows: graph.input("rows", [rows], "i32") }, scale);
  },
});

const sigmoid = (label: Int32Array, scale: number, bias: number): Case => ({
  feeds: { signs: pairSigns(label, label) },
  loss: (pair, graph) => sigmoidLoss({ ...pair, signs: graph.input("signs", [...square]) }, scale, bias),
});

const logistic = (label: Int32Array, negatives: number): Case => ({
  feeds: { signs: pairSigns(label, label), weights: pairWeights(label, label, negatives) },
  loss: ({ image, text }, graph) => {
    const scores = affine(matmul(image, text, { transposeB: true }), { multiply: 8 });
    const [signs, weights] = [graph.input("signs", [...square]), graph.input("weights", [...square])];
    return logisticLoss({ scores, signs, weights });
  },
});

const pairCases: Readonly<Record<string, Case>> = {
  "ranking, all": ranking(distinct, 0.4, "all"),
  "ranking, all, repeated": ranking(repeated, 0.4, "all"),
  "ranking, hardest": ranking(distinct, 0.2, "hardest"),
  "ranking, hardest, repeated": ranking(repeated, 0.2, "hardest"),
  "ranking, halves": {
    feeds: { mask: pairedNegativeMask(halves, halves) },
    loss: ({ image, text }, graph) => {
      return pairedRankingLoss(image, text, graph.input("mask", [rows / 2, 2]), 1);
    },
  },
  contrastive: contrastive(distinct, 20),
  "contrastive, siblings left out": contrastive(repeated, 20),
  "contrastive, class-wide": classWide(repeated, 8),
  sigmoid: sigmoid(distinct, 10, -10),
  "sigmoid, repeated": sigmoid(repeated, 6, -2),
  logistic: logistic(distinct, 1),
  "logistic, repeated": logistic(repeated, 10),
};

type Device = "reference" | "cpu";

async function evaluated(
  graph: Graph,
  loss: Value,
  inputs: readonly Value[],
  device: Device,
  feeds: Case["feeds"],
) {
  const gradients = differentiate(loss, [...inputs]);
  const taps = { loss, ...Object.fromEntries(gradients.map((value, index) => [`gradient${index}`, value])) };
  await using store = Store.open({ device, threads: 1 });
  const program = await store.compile(graph, { taps });
  return program.step(feeds);
}

function expectGolden(name: string, taps: Readonly<Record<string, TypedArray>>): void {
  const { loss, gradients } = golden.cases[name]!;
  expect(taps["loss"]![0]).toBeCloseTo(loss, DIGITS);
  gradients.forEach((gradient, index) =>
    gradient
      .flat()
      .forEach((value, place) =>
        expect(taps[`gradient${index}`]![place], `gradient ${index}, ${place}`).toBeCloseTo(value, DIGITS),
      ),
  );
}

describe.each(["reference", "cpu"] as const)("on %s, value and gradients agree with PyTorch's", (device) => {
  it.each(Object.keys(pairCases))("of %s", async (name) => {
    const { feeds, loss } = pairCases[name]!;
    const graph = new Graph(name);
    const raw = [graph.input("image", [rows, dimension]), graph.input("text", [rows, dimension])] as const;
    const [image, text] = raw.map((x) => l2Normalize(x, { epsilon: 1e-12 }).y) as [Value, Value];
    const total = loss({ image, text }, graph);
    const both = { image: numbers(golden.image), text: numbers(golden.text) };
    expectGolden(name, await evaluated(graph, total, raw, device, { ...both, ...feeds }));
  });

  const instances: readonly [string, object, number][] = [
    ["instance", {}, 0],
    ["instance, smoothed", {}, 0.1],
    ["instance, normalised", { normalized: { scale: 16 } }, 0],
    ["instance, normalised and smoothed", { normalized: { scale: 16 } }, 0.1],
  ];

  it.each(instances)("of %s", async (name, config, smoothing) => {
    const graph = new Graph(name);
    const context = createBuildContext(graph, { mode: "train" });
    const feature = graph.input("image", [rows, dimension]);
    const rule = classifierSchema.parse({ bias: false, ...config });
    const shared = classifier(context, feature, "classifier", rule, golden.centres.length);
    const label = graph.input("label", [rows], "i32");
    const loss = classifierLoss(shared, label, smoothing, "instance");
    const centres = context.parameter(context.declarations.get("classifier.weight")!);
    const gradients = differentiate(loss, [feature, centres]);
    const taps = { loss, gradient0: gradients[0]!, gradient1: gradients[1]! };
    await using store = Store.open({ device, threads: 1 });
    await store.write(
      "classifier.weight",
      [golden.centres.length, dimension],
      "f32",
      numbers(golden.centres),
    );
    const program = await store.compile(graph, { taps });
    const feeds = { image: numbers(golden.image), label: golden.labels.instance };
    expectGolden(name, await program.step(feeds));
  });
});
