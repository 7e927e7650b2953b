import {
  CheckpointError,
  openSafetensors,
  writeSafetensors,
  type RowSource,
  type SafetensorsFile,
} from "@dualpath/core";
import { z } from "zod";
import { ExperimentError } from "../errors.js";

const FORMAT = "dualpath-index-1";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  id: z.string().min(1),
  checkpoint: z.string().min(1),
  checkpointDigest: z.string().regex(/^[0-9a-f]{64}$/),
  photos: z.string().min(1),
});
const namesSchema = z.array(z.string().min(1));

/** What an index says of itself. */
export interface IndexDescription {
  /** Tells this index from all others. */
  readonly id: string;
  /** The checkpoint that embedded the photos: where it was, and its sha256. */
  readonly checkpoint: string;
  readonly checkpointDigest: string;
  /** The folder of the photos. */
  readonly photos: string;
}

/** An open index: unit vectors of photos, row i of `vectors` for `names[i]`. */
export interface PhotoIndex extends IndexDescription {
  readonly file: string;
  readonly names: readonly string[];
  readonly vectors: RowSource;
  readonly close: () => Promise<void>;
}

/** Vectors on their way into an index, part by part. */
export interface IndexContents extends IndexDescription {
  readonly names: readonly string[];
  readonly dimension: number;
  readonly parts: () => AsyncIterable<Float32Array>;
}

/**
 * Writes an index, whole or not at all. The file is safetensors: `vectors` F32 [N, D], unit rows; `names` U8, a JSON
 * array of N paths below the photo folder; its metadata are the description, and `format`.
 */
export async function writeIndex(file: string, contents: IndexContents): Promise<void> {
  const { names, dimension, parts, ...description } = contents;
  const bytes = Buffer.from(JSON.stringify(names));
  await writeSafetensors(
    file,
    [
      { name: "vectors", dtype: "f32", shape: [names.length, dimension], load: parts },
      { name: "names", dtype: "u8", shape: [bytes.length], load: () => new Uint8Array(bytes) },
    ],
    { format: FORMAT, ...description },
  );
}

/** Opens and checks an index. Throws INDEX for a file that is missing, cut short or none. */
export async function openIndex(file: string): Promise<PhotoIndex> {
  const tensors = await openSafetensors(file).catch((error: unknown) => {
    throw error instanceof CheckpointError ? damaged(file, error.message.replace(`${file}: `, "")) : error;
  });
  try {
    return await checked(file, tensors);
  } catch (error) {
    await tensors.close();
    throw error;
  }
}

const damaged = (file: string, problem: string): ExperimentError =>
  new ExperimentError("INDEX", `${file} is no usable index: ${problem}. Make it with experiments:embed.`, {
    file,
    problem,
  });

async function checked(file: string, tensors: SafetensorsFile): Promise<PhotoIndex> {
  const metadata = metadataSchema.safeParse(tensors.metadata);
  if (!metadata.success)
    throw damaged(file, `its metadata '${metadata.error.issues[0]?.path.join(".")}' is not an index's`);
  const names = parseNames(file, await readNames(file, tensors));
  const { format: _format, ...description } = metadata.data;
  const vectors = vectorsOf(file, tensors, names.length);
  return { ...description, file, names, vectors, close: () => tensors.close() };
}

async function readNames(file: string, tensors: SafetensorsFile): Promise<string> {
  if (tensors.entries.get("names")?.dtype !== "U8") throw damaged(file, "it holds no names");
  return Buffer.from(await tensors.readBytes("names")).toString("utf8");
}

function parseNames(file: string, json: string): string[] {
  try {
    return namesSchema.parse(JSON.parse(json));
  } catch {
    throw damaged(file, "its names are no list of paths");
  }
}

function vectorsOf(file: string, tensors: SafetensorsFile, count: number): RowSource {
  const { dtype, shape } = tensors.entries.get("vectors") ?? { dtype: "nothing", shape: [] };
  const [rows, dimension = 0] = shape;
  if (dtype !== "F32" || shape.length !== 2 || rows !== count || count === 0)
    throw damaged(file, `its vectors are ${dtype} [${shape.join(", ")}], expected F32 [${count}, dimension]`);
  const width = dimension * Float32Array.BYTES_PER_ELEMENT;
  const read = async (first: number, some: number): Promise<Float32Array> =>
    new Float32Array((await tensors.readBytes("vectors", first * width, (first + some) * width)).buffer);
  return { count, dimension, read };
}
