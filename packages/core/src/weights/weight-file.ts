import { openSafetensors } from "../train/safetensors.js";
import type { SafetensorsDType } from "../train/safetensors-header.js";
import { openBytes } from "./file-bytes.js";
import { isLegacyTorch, legacyStorages } from "./torch-legacy.js";
import { isZip, zipStorages } from "./torch-zip.js";
import { torchWeights } from "./torch-weights.js";

/** One tensor of a file of weights. */
export interface WeightEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
}

/** An open file of named tensors, whatever its format. */
export interface WeightFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, WeightEntry>;
  /**
   * Little-endian numbers of one tensor, row by row. Throws CHECKPOINT_MODEL for an unknown tensor,
   * CHECKPOINT_CORRUPT where its numbers are damaged or cut short.
   */
  readBytes(name: string): Promise<Uint8Array>;
  /** Closes the file; reading is over. */
  close(): Promise<void>;
}

/**
 * Opens weights by what the file holds: safetensors, or a state dict that PyTorch saved, as a zip archive
 * (since 1.6) or in its older form. Nothing in the file is executed. Throws CHECKPOINT_MISSING where it
 * cannot be opened, CHECKPOINT_CORRUPT where it is damaged or holds no tensors, and CHECKPOINT_UNSAFE for a
 * pickle of anything but tensors and plain containers.
 */
export async function openWeights(path: string): Promise<WeightFile> {
  const file = await openBytes(path);
  try {
    const start = await file.read(0, Math.min(file.size, 16));
    if (isZip(start)) return await torchWeights(file, await zipStorages(file));
    if (isLegacyTorch(start)) return await torchWeights(file, await legacyStorages(file));
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return openSafetensors(path);
}
