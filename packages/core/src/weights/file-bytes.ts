import { open, type FileHandle } from "node:fs/promises";
import { CheckpointError } from "../train/errors.js";

/** A file of weights that is read by position. */
export interface FileBytes {
  readonly path: string;
  readonly size: number;
  /** Exactly `length` bytes from `position` on, in memory of their own. Throws CHECKPOINT_CORRUPT where the file ends. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** The error of a damaged file. */
export const corrupt = (path: string, problem: string): CheckpointError =>
  new CheckpointError("CHECKPOINT_CORRUPT", `${path}: ${problem}`, { path, problem });

/** Opens a file for reading. Throws CHECKPOINT_MISSING. */
export async function openBytes(path: string): Promise<FileBytes> {
  const handle = await openForReading(path);
  const { size } = await handle.stat();
  return {
    path,
    size,
    read: async (position, length) => {
      // Checked before memory is taken: a damaged length must not ask for gigabytes.
      if (position < 0 || length < 0 || position + length > size)
        throw corrupt(path, "the file is cut short");
      const bytes = new Uint8Array(length);
      await readFully(handle, position, bytes, path);
      return bytes;
    },
    close: () => handle.close(),
  };
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError("CHECKPOINT_MISSING", `${path}: cannot be opened: ${reason}`, { path, reason });
  }
}

async function readFully(
  handle: FileHandle,
  position: number,
  bytes: Uint8Array,
  path: string,
): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, offset, bytes.length - offset, position + offset);
    if (bytesRead === 0) throw corrupt(path, "the file is cut short");
    offset += bytesRead;
  }
}
