import { mkdirSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
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

export type ExportFormat = "onnx" | "safetensors";

export interface ExportOptions {
  readonly checkpoint: string;
  readonly output: string;
  readonly format: ExportFormat;
  readonly int8: boolean;
  readonly card: string;
}

/**
 * Writes a model for use elsewhere: `image.onnx` and `text.onnx`, or `model.safetensors`; `preprocessing.json`, how
 * photos and sentences become their inputs; `README.md`, the model card. Returns the files. Throws CHECKPOINT.
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
  const { image } = description.model;
  const preprocessing = { ...preprocessingNotes(inputs, image), pixels: pixelNotes(image) };
  writeWhole(join(output, "preprocessing.json"), `${JSON.stringify(preprocessing, null, 2)}\n`);
  writeWhole(join(output, "README.md"), options.card);
  return [...models, "preprocessing.json", "README.md"].map((name) => join(output, name));
}

async function writeOnnx(
  { checkpoint, output, int8 }: ExportOptions,
  inputs: ModelInputs,
): Promise<string[]> {
  const { image } = inputs.preprocessing;
  const store = Store.open({ device: "cpu", threads: 1 });
  try {
    const { model } = await loadModel(checkpoint, store);
    const source = image === undefined ? {} : { source: image.size, area: image.area };
    for (const path of ["image", "text"] as const)
      writeWhole(join(output, `${path}.onnx`), await exportOnnx(store, model, path, { ...source, int8 }));
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

const preprocessingNotes = ({ preprocessing, views }: ModelInputs, image: ImageModel) => ({
  image: preprocessing.image && {
    ...preprocessing.image,
    input:
      image.kind === "features"
        ? `float32 [batch, ${image.dimension}], what the frozen trunk in README.md makes of ${PICTURES}`
        : PICTURES,
  },
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
