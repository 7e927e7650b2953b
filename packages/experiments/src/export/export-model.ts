import { mkdirSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { extname, join } from "node:path";
import {
  exportOnnx,
  loadModel,
  readCheckpointHeader,
  Store,
  type CheckpointHeader,
  type ModelInputs,
} from "@dualpath/core";
import { separators } from "@dualpath/datasets";
import { ExperimentError } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { requireEmbeddings } from "../search/trained-model.js";
import { FrozenTrunk, type FrozenFeatures } from "../trial/frozen-trunk.js";

export type ExportFormat = "onnx" | "safetensors";

export interface ExportOptions {
  readonly checkpoint: string;
  readonly output: string;
  readonly format: ExportFormat;
  readonly int8: boolean;
  readonly card: string;
  /** The frozen trunk whose features the model reads. */
  readonly features?: FrozenFeatures | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Writes a model for use elsewhere: `image.onnx` and `text.onnx`, or `model.safetensors`, and the frozen trunk that it
 * reads the features of; `preprocessing.json`, how photos and sentences become their inputs; `README.md`, the model
 * card. Returns the files. An abort throws the signal's reason and leaves whole files only. Throws CHECKPOINT, and CHECKPOINT_* of core for a trunk's weights.
 */
export async function exportModel(options: ExportOptions): Promise<string[]> {
  const { checkpoint, output, format } = options;
  const header = await readCheckpointHeader(checkpoint);
  requireEmbeddings(header);
  const { inputs, description } = header;
  if (inputs === undefined) {
    const message = `${checkpoint} does not say how photos and sentences are read; train it again.`;
    throw new ExperimentError("CHECKPOINT", message, { checkpoint });
  }
  mkdirSync(output, { recursive: true });
  const models = format === "onnx" ? await writeOnnx(options, inputs) : await writeWeights(options);
  const trunk = await writeTrunk(options, inputs);
  const { image } = description.model;
  const preprocessing = {
    ...preprocessingNotes(inputs, imageInput(image, trunk)),
    pixels: pixelNotes(trunk?.trunk ?? image),
  };
  writeWhole(join(output, "preprocessing.json"), `${JSON.stringify(preprocessing, null, 2)}\n`);
  writeWhole(join(output, "README.md"), options.card);
  const files = [...models, ...(trunk ? [trunk.file] : []), "preprocessing.json", "README.md"];
  return files.map((name) => join(output, name));
}

/** The features' section with the file of the export that holds its trunk. */
type WrittenTrunk = FrozenFeatures & { readonly file: string };

async function writeTrunk(
  { output, format, features, signal }: ExportOptions,
  { preprocessing: { image } }: ModelInputs,
): Promise<WrittenTrunk | undefined> {
  if (features === undefined || image === undefined) return undefined;
  const trunk = await FrozenTrunk.open(features, { device: "cpu", threads: 1 });
  try {
    const file = format === "onnx" ? "trunk.onnx" : `trunk${extname(features.weights)}`;
    if (format === "onnx") writeWhole(join(output, file), await trunk.toOnnx(image.size, signal));
    else await copyFile(features.weights, join(output, file));
    return { ...features, file };
  } finally {
    await trunk.dispose();
  }
}

async function writeOnnx(
  { checkpoint, output, int8, signal }: ExportOptions,
  inputs: ModelInputs,
): Promise<string[]> {
  const { image } = inputs.preprocessing;
  const store = Store.open({ device: "cpu", threads: 1 });
  try {
    const { model } = await loadModel(checkpoint, store);
    const source = image === undefined ? {} : { source: image.size, area: image.area };
    const options = { ...source, int8, ...(signal && { signal }) };
    for (const path of ["image", "text"] as const)
      writeWhole(join(output, `${path}.onnx`), await exportOnnx(store, model, path, options));
    return ["image.onnx", "text.onnx"];
  } finally {
    await store.dispose();
  }
}

async function writeWeights({ checkpoint, output }: ExportOptions): Promise<string[]> {
  await copyFile(checkpoint, join(output, "model.safetensors"));
  return ["model.safetensors"];
}

type ImageModel = CheckpointHeader["description"]["model"]["image"];

const PICTURES = "uint8 [batch, height, width, 3], upright sRGB, transparent places white";

const VIEWS = {
  whole: "",
  flip: "; the mean with the features of the mirror image",
  "ten-crop":
    "; the mean over ten crops of the size that the trunk reads: corners and centre, and their mirror images",
} as const;

function imageInput(image: ImageModel, trunk: WrittenTrunk | undefined): string {
  if (image.kind !== "features") return PICTURES;
  const features = `float32 [batch, ${image.dimension}]`;
  if (trunk === undefined) return `${features}, features that were computed elsewhere`;
  return `${features}, what ${trunk.file} makes of ${PICTURES}${VIEWS[trunk.views]}`;
}

const preprocessingNotes = ({ preprocessing, views }: ModelInputs, input: string) => ({
  image: preprocessing.image && { ...preprocessing.image, input },
  text: preprocessing.text && {
    ...preprocessing.text,
    input: "int32 [batch, length] word ids; 0 is the pad; unknown words are left out",
    tokenizer: { normalization: "NFC", separators: separators.source },
  },
  views,
});

function pixelNotes(image: ImageModel): object | undefined {
  if (image.kind === "features") return undefined;
  return { mean: image.pixelMean, deviation: image.pixelDeviation, where: "inside the model, on 0 to 255" };
}
