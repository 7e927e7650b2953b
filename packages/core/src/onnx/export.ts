import type { Store } from "../engine/store.js";
import { Graph, type GraphNode, type Value } from "../graph/graph.js";
import { prune } from "../graph/prune.js";
import { createBuildContext } from "../layers/context.js";
import { declareImage, declareText, imageFeatures, type DualPath } from "../models/dual-path.js";
import { TrainingError } from "../train/errors.js";
import { OnnxGraph, type ElementType } from "./onnx-graph.js";
import { translators } from "./operators.js";
import { normalizedPictures } from "./pictures.js";

/** What is written, and how. */
export interface OnnxOptions {
  /** [height, width] of the pictures that are given; default: the model's input size. */
  readonly source?: readonly [number, number];
  /** Share of a picture, around its centre, that is looked at; default 1. */
  readonly area?: number;
  /** Keeps weights as int8 with one scale for each output. */
  readonly int8?: boolean;
  /** Text that travels in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const BATCH = "batch";
const ELEMENTS: Readonly<Partial<Record<string, ElementType>>> = { f32: "f32", i32: "i32", u8: "u8" };

/**
 * One path of a model whose parameters lie in the Store, as an ONNX model: `image` u8 [batch, H, W, 3] (or
 * features f32 [batch, D]), or `text` i32 [batch, length] (or vectors f32 [batch, D]), to `embedding` f32
 * [batch, E] of length 1; or the image trunk alone, to its pooled `feature` f32 [batch, F]. Throws CONFIG for
 * an op that has no counterpart, STORE_MISSING unless the Store holds the model's parameters; an abort throws
 * the signal's reason.
 */
export async function exportOnnx(
  store: Store,
  model: DualPath,
  path: "image" | "text" | "trunk",
  options: OnnxOptions = {},
): Promise<Uint8Array> {
  const graph = new Graph(`dualpath.${path}`);
  const context = createBuildContext(graph, { mode: "evaluate" });
  const built =
    path === "text"
      ? model.buildText(context, declareText(graph, model.config, 1))
      : model.buildImage(context, declareImage(graph, model.config, 1, options.source));
  const { config } = model;
  const [name, result, width] =
    path === "trunk"
      ? (["feature", built.feature, imageFeatures(config)] as const)
      : (["embedding", built.embedding, config.embedding] as const);
  const onnx = new OnnxGraph(graph.name);
  const names = new Map<Value, string>();
  for (const node of prune(graph, [result])) {
    options.signal?.throwIfAborted();
    await translate(onnx, store, node, names, options);
  }
  onnx.node("Identity", [names.get(result)!], name);
  onnx.output(name, "f32", [BATCH, width]);
  return onnx.finish(options.metadata ?? {});
}

async function translate(
  onnx: OnnxGraph,
  store: Store,
  node: GraphNode,
  names: Map<Value, string>,
  options: OnnxOptions,
): Promise<void> {
  const crops = node.op.name === "cropResize";
  for (const value of crops ? node.inputs.slice(0, 1) : node.inputs)
    if (!names.has(value)) names.set(value, await boundary(onnx, store, value, options));
  const output = node.outputs[0]!;
  names.set(output, output.name);
  const inputs = node.inputs.map((value) => names.get(value) ?? "");
  if (crops) return void normalizedPictures(onnx, inputs[0]!, node, options.area ?? 1);
  const translator = translators[node.op.name];
  if (translator) return translator({ graph: onnx, node, inputs, output: output.name });
  const message = `onnx: '${node.name}': op '${node.op.name}' has no counterpart in ONNX here`;
  throw new TrainingError("CONFIG", message, { op: node.op.name, node: node.name });
}

/** A feed becomes an input with a free batch size, a parameter an initializer. */
async function boundary(
  onnx: OnnxGraph,
  store: Store,
  { name, shape, dtype, origin }: Value,
  { int8 }: OnnxOptions,
): Promise<string> {
  if (origin.kind === "feed") return onnx.input(name, ELEMENTS[dtype] ?? "f32", [BATCH, ...shape.slice(1)]);
  const { data } = await store.read(name);
  if (int8 !== true || !isRounded(shape)) return onnx.initializer(name, "f32", shape, data);
  const { values, scales } = quantizeRows(data as Float32Array, shape[0]!);
  const quantized = onnx.initializer(`${name}.int8`, "i8", shape, values);
  const scale = onnx.initializer(`${name}.scale`, "f32", [shape[0]!], scales);
  return onnx.node("DequantizeLinear", [quantized, scale], name, { axis: 0 });
}

/**
 * Rounds the weights of a model in the Store to what its export with `int8` keeps of them; there is no way
 * back. Throws STORE_MISSING unless the Store holds them, DISPOSED when it is closed.
 */
export async function roundWeights(store: Store, { parameters }: DualPath): Promise<void> {
  for (const { name, shape } of parameters.filter(({ shape }) => isRounded(shape))) {
    const { data } = await store.read(name);
    const { values, scales } = quantizeRows(data as Float32Array, shape[0]!);
    const width = values.length / scales.length;
    const rounded = Float32Array.from(values, (value, at) => value * scales[Math.floor(at / width)]!);
    await store.write(name, shape, "f32", rounded);
  }
}

/** Biases and statistics are few; they stay as they are. */
const isRounded = (shape: readonly number[]): boolean => shape.length >= 2;

/**
 * Weights [rows, ...] as int8 from -127 to 127, each row on a scale of its own [rows] that its largest number
 * fills: weight = value * scale.
 */
export function quantizeRows(
  weights: Float32Array,
  rows: number,
): { readonly values: Int8Array; readonly scales: Float32Array } {
  const width = weights.length / rows;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const part = weights.subarray(row * width, (row + 1) * width);
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest === 0 ? 1 : largest / 127;
    scales[row] = scale;
    part.forEach((value, at) => (values[row * width + at] = Math.round(value / scale)));
  }
  return { values, scales };
}
