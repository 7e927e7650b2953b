import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DatasetError } from "../errors.js";
import { encodeHeader } from "./feature-file.js";

/** Rows of features that are written as they are computed. */
export interface FeatureWriter {
  /** Appends whole rows, float32 [n, dimension]. */
  append(rows: Float32Array): Promise<void>;
  /** Completes the file and gives it its name. Errors: `FEATURES_MISMATCH` where rows are missing. */
  finish(): Promise<{ readonly checksum: string }>;
  /** Gives up; nothing is left. Safe to call after `finish`. */
  discard(): Promise<void>;
}

/**
 * Writes a features file: safetensors with one float32 tensor [names.length, dimension]. The file gets its name only
 * when it is complete. `source` tells what made the features and is part of the file.
 */
export async function writeFeatures(
  file: string,
  content: { readonly names: readonly string[]; readonly dimension: number; readonly source: string },
): Promise<FeatureWriter> {
  const { names, dimension } = content;
  const partial = `${file}.${process.pid}.partial`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(partial, "w");
  const hash = createHash("sha256");
  let rows = 0;
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  await handle.writeFile(encodeHeader({ ...content, checksum: "0".repeat(64) }));
  return {
    append: async (values) => {
      if (values.length % dimension !== 0 || rows + values.length / dimension > names.length)
        throw new DatasetError(
          "FEATURES_MISMATCH",
          `${file}: expected whole rows of ${dimension}, at most ${names.length} of them; ` +
            `got ${values.length} values after row ${rows}`,
          { file },
        );
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      rows += values.length / dimension;
      hash.update(bytes);
      await handle.writeFile(bytes);
    },
    finish: async () => {
      if (rows !== names.length)
        throw new DatasetError("FEATURES_MISMATCH", `${file}: expected ${names.length} rows, got ${rows}`, {
          file,
        });
      const checksum = hash.digest("hex");
      const header = encodeHeader({ ...content, checksum });
      await handle.write(header, 0, header.length, 0);
      await handle.sync();
      await close();
      await rename(partial, file);
      return { checksum };
    },
    discard: async () => {
      await close();
      await rm(partial, { force: true });
    },
  };
}
