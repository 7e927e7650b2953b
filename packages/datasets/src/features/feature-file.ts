import { createHash } from "node:crypto";
import { z } from "zod";
import { DatasetError } from "../errors.js";

/** Name of the tensor, float32 [N, D], in a features file. */
export const FEATURES_TENSOR = "features";

const offset = z.int().nonnegative();

const tensorSchema = z.strictObject({
  dtype: z.literal("F32"),
  shape: z.tuple([z.int().nonnegative(), z.int().positive()]),
  data_offsets: z.tuple([offset, offset]),
});

const metadataSchema = z.looseObject({
  format: z.literal("dualpath-features"),
  /** JSON array of the image names, in row order. */
  names: z.string(),
  /** What made the features, for example a trunk and its weights. */
  source: z.string(),
  /** sha256 of the data. */
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
});

const headerSchema = z.strictObject({ __metadata__: metadataSchema, [FEATURES_TENSOR]: tensorSchema });
const namesSchema = z.array(z.string());

/** What a features file says about its rows. */
export interface FeatureHeader {
  readonly names: readonly string[];
  readonly dimension: number;
  readonly source: string;
  readonly checksum: string;
}

/** The safetensors bytes before the data: 8 bytes of length and the JSON header, padded to 8 bytes. */
export function encodeHeader({ names, dimension, source, checksum }: FeatureHeader): Buffer {
  const bytes = names.length * dimension * 4;
  const metadata = { format: "dualpath-features", names: JSON.stringify(names), source, checksum };
  const tensor = { dtype: "F32", shape: [names.length, dimension], data_offsets: [0, bytes] };
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, [FEATURES_TENSOR]: tensor }));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, " ");
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  return header;
}

/** Reads the JSON header of a features file. Errors: `FEATURES_FORMAT`. */
export function decodeHeader(file: string, json: string): FeatureHeader {
  const fail = (what: string, cause?: unknown) =>
    new DatasetError("FEATURES_FORMAT", `${file}: ${what}; compute the features again`, { file }, { cause });
  try {
    const { __metadata__: metadata, [FEATURES_TENSOR]: tensor } = headerSchema.parse(JSON.parse(json));
    const names = namesSchema.parse(JSON.parse(metadata.names));
    const [rows, dimension] = tensor.shape;
    const [begin, end] = tensor.data_offsets;
    if (names.length !== rows || begin !== 0 || end !== rows * dimension * 4)
      throw new Error(
        `${rows} rows of ${dimension}, ${names.length} names and ${end - begin} bytes do not agree`,
      );
    return { names, dimension, source: metadata.source, checksum: metadata.checksum };
  } catch (error) {
    const what = error instanceof z.ZodError ? error.issues[0]?.path.join(".") || "header" : String(error);
    throw fail(`is not a features file (${what})`, error);
  }
}

/** sha256 in hexadecimal. */
export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
