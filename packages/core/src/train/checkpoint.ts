import { createHash } from "node:crypto";
import { z } from "zod";
import { precisionSchema } from "../graph/precision.js";
import type { DType, TypedArray } from "../graph/types.js";
import type { ParameterDeclaration } from "../layers/context.js";
import { modelSchema } from "../models/schema.js";
import { describeDifference, firstDifference } from "./difference.js";
import { CheckpointError } from "./errors.js";
import { preprocessingSchema, viewsSchema, type Preprocessing, type Views } from "./preprocessing.js";
import {
  openSafetensors,
  storeDType,
  typedTensor,
  writeSafetensors,
  type SafetensorsFile,
  type TensorSource,
} from "./safetensors.js";
import { curriculumSchema } from "./stage.js";

/** The part of a Store that checkpoints need. */
export interface TensorStore {
  names(): readonly string[];
  has(name: string): boolean;
  read(name: string): Promise<{ shape: readonly number[]; dtype: DType; data: TypedArray }>;
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Where a run stands: everything besides tensors that resuming exactly needs. */
export const progressSchema = z.strictObject({
  /** Index of the current stage; equal to the number of stages when the run is done. */
  stage: z.int().nonnegative(),
  /** 0-based epoch of the stage and steps of it that are done. */
  epoch: z.int().nonnegative(),
  stepInEpoch: z.int().nonnegative(),
  /** Steps of the stage, and of the run, that are done. */
  stageStep: z.int().nonnegative(),
  globalStep: z.int().nonnegative(),
  /** Best value of the watched metric in this stage, and evaluations since. */
  best: z.number().nullable(),
  sinceBest: z.int().nonnegative(),
});

/**
 * Where a run stands, in stages, epochs and steps that are done.
 * @interface
 */
export type Progress = z.infer<typeof progressSchema>;

export const startOfRun: Progress = {
  stage: 0,
  epoch: 0,
  stepInEpoch: 0,
  stageStep: 0,
  globalStep: 0,
  best: null,
  sinceBest: 0,
};

const descriptionSchema = z.strictObject({
  model: modelSchema,
  sizes: z.strictObject({ classes: z.int().positive(), vocabulary: z.int().nonnegative() }),
  curriculum: curriculumSchema.optional(),
  seed: z.int().nonnegative(),
  /** What the run asked for; absent: f32. */
  precision: precisionSchema.optional(),
});

/**
 * What a checkpoint was made by; two runs agree exactly where their descriptions do.
 * @interface
 */
export type RunDescription = z.infer<typeof descriptionSchema>;

const inputsSchema = z.strictObject({ preprocessing: preprocessingSchema, views: viewsSchema });

/** What using a trained model on new photos and sentences needs beside its weights. */
export interface ModelInputs {
  readonly preprocessing: Preprocessing;
  readonly views: Views;
}

const FORMAT = "dualpath-checkpoint-1";

/** A read and checked checkpoint header. */
export interface CheckpointHeader {
  readonly path: string;
  readonly description: RunDescription;
  readonly progress: Progress | undefined;
  readonly inputs: ModelInputs | undefined;
  readonly names: readonly string[];
}

/** 16 hexadecimal digits that stand for a run's configuration. */
export function fingerprint(description: RunDescription): string {
  return createHash("sha256").update(JSON.stringify(description)).digest("hex").slice(0, 16);
}

export interface CheckpointContents {
  readonly description: RunDescription;
  /** Absent in files that hold only a model. */
  readonly progress?: Progress;
  readonly inputs?: ModelInputs;
  /** File tensor -> Store key; default: everything in the Store under its own name. */
  readonly tensors?: ReadonlyMap<string, string>;
  /** Tensors that lie in no Store. */
  readonly others?: readonly TensorSource[];
  /** Shapes of float32 values by Store key, where known without reading them. */
  readonly shapeOf?: (key: string) => readonly number[] | undefined;
}

/** Writes the Store's tensors and the run's position, atomically. Throws CHECKPOINT_WRITE. */
export async function saveCheckpoint(
  path: string,
  store: TensorStore,
  contents: CheckpointContents,
): Promise<void> {
  const tensors = contents.tensors ?? new Map(store.names().map((name) => [name, name]));
  const sources = [];
  for (const [name, key] of tensors) {
    const known = contents.shapeOf?.(key);
    const { shape, dtype } = known ? { shape: known, dtype: "f32" as const } : await store.read(key);
    sources.push({ name, shape, dtype, load: async () => (await store.read(key)).data });
  }
  await writeSafetensors(path, [...sources, ...(contents.others ?? [])], {
    format: FORMAT,
    fingerprint: fingerprint(contents.description),
    run: JSON.stringify(contents.description),
    ...(contents.progress ? { progress: JSON.stringify(contents.progress) } : {}),
    ...(contents.inputs ? { inputs: JSON.stringify(contents.inputs) } : {}),
  });
}

/**
 * Reads what a checkpoint says of itself. Throws CHECKPOINT_MISSING where the file cannot be opened,
 * CHECKPOINT_CORRUPT where it is damaged or no checkpoint.
 */
export async function readCheckpointHeader(path: string): Promise<CheckpointHeader> {
  const file = await openSafetensors(path);
  try {
    return headerOf(file);
  } finally {
    await file.close();
  }
}

function headerOf(file: SafetensorsFile): CheckpointHeader {
  const { path, metadata } = file;
  if (metadata["format"] !== FORMAT) {
    const problem = `metadata 'format' is ${JSON.stringify(metadata["format"])}, expected '${FORMAT}'`;
    throw new CheckpointError("CHECKPOINT_CORRUPT", `${path}: not a Dualpath checkpoint: ${problem}`, {
      path,
      problem,
    });
  }
  const description = parseMetadata(file, "run", descriptionSchema);
  if (metadata["fingerprint"] !== fingerprint(description)) {
    const problem = "the fingerprint does not fit the run's description";
    throw new CheckpointError("CHECKPOINT_CORRUPT", `${path}: ${problem}`, { path, problem });
  }
  const optional = <T>(key: string, schema: z.ZodType<T>): T | undefined =>
    metadata[key] === undefined ? undefined : parseMetadata(file, key, schema);
  const progress = optional("progress", progressSchema);
  const inputs = optional("inputs", inputsSchema);
  return { path, description, progress, inputs, names: [...file.entries.keys()] };
}

function parseMetadata<T>(file: SafetensorsFile, key: string, schema: z.ZodType<T>): T {
  const fail = (problem: string): never => {
    throw new CheckpointError("CHECKPOINT_CORRUPT", `${file.path}: metadata '${key}': ${problem}`, {
      path: file.path,
      problem,
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(file.metadata[key] ?? "");
  } catch {
    return fail("is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  return fail(`${issue.path.join(".")}: ${issue.message}`);
}

/** Throws CHECKPOINT_MODEL with the first difference unless both runs have the same model, sizes and seed. */
export function checkSameRun(path: string, expected: RunDescription, got: RunDescription): void {
  const difference = firstDifference(expected, got);
  if (!difference) return;
  const parts: readonly string[] = ["curriculum", "precision"];
  const what = `another ${parts.find((part) => difference.path.startsWith(part)) ?? "model"}`;
  const message = `${path}: checkpoint of ${what}: ${describeDifference(difference)}`;
  const { expected: wanted, got: found } = difference;
  throw new CheckpointError("CHECKPOINT_MODEL", message, {
    path,
    at: difference.path,
    expected: wanted,
    got: found,
  });
}

/**
 * Throws CHECKPOINT_MODEL unless the checkpoint's model and sizes are these. The side of the last ReLU that evaluation
 * compares is none of the model's parameters and may be another.
 */
export function checkSameModel(
  header: CheckpointHeader,
  model: Pick<RunDescription, "model" | "sizes">,
): void {
  const { model: own, sizes, seed } = header.description;
  const { evaluationFeature } = model.model;
  const compared = { model: { ...own, evaluationFeature }, sizes, seed };
  checkSameRun(header.path, { ...model, seed }, compared);
}

/**
 * Loads tensors into the Store after checking that every declared one is there with its shape; others of the file
 * are loaded where `also` says so. Nothing is written before all are checked. Throws CHECKPOINT_MODEL, CHECKPOINT_CORRUPT.
 */
export async function loadTensors(
  path: string,
  store: TensorStore,
  declared: readonly Pick<ParameterDeclaration, "name" | "shape">[],
  also: (name: string) => boolean = () => false,
): Promise<void> {
  const file = await openSafetensors(path);
  try {
    for (const declaration of declared) checkEntry(file, declaration);
    const wanted = new Set(declared.map(({ name }) => name));
    const names = [...file.entries.keys()].filter((name) => wanted.has(name) || also(name));
    for (const name of names) await loadTensor(file, store, name);
  } finally {
    await file.close();
  }
}

function checkEntry(
  file: SafetensorsFile,
  { name, shape }: Pick<ParameterDeclaration, "name" | "shape">,
): void {
  const entry = file.entries.get(name);
  const difference = entry
    ? firstDifference(shape, entry.shape)
    : { path: name, expected: shape, got: undefined };
  if (!difference && entry?.dtype === "F32") return;
  const got = entry ? `${entry.dtype} [${entry.shape.join(", ")}]` : "nothing";
  const message = `${file.path}: checkpoint of another model: tensor '${name}': expected F32 [${shape.join(", ")}], got ${got}`;
  throw new CheckpointError("CHECKPOINT_MODEL", message, {
    path: file.path,
    tensor: name,
    expected: shape,
    got,
  });
}

async function loadTensor(file: SafetensorsFile, store: TensorStore, name: string): Promise<void> {
  const entry = file.entries.get(name)!;
  const dtype = storeDType(entry.dtype);
  if (!dtype) {
    const problem = `tensor '${name}' has number type ${entry.dtype}, which no Store holds`;
    throw new CheckpointError("CHECKPOINT_CORRUPT", `${file.path}: ${problem}`, { path: file.path, problem });
  }
  const data = typedTensor(entry, await file.readBytes(name)) as TypedArray;
  await store.write(name, entry.shape, dtype, data);
}
