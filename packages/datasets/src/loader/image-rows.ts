import { open } from "node:fs/promises";
import { DatasetError } from "../errors.js";

/** Random access to images of one shape: uint8 pixels [H, W, 3] or float32 features [D]. */
export interface ImageRows {
  readonly kind: "pixels" | "features";
  readonly count: number;
  readonly shape: readonly number[];
  /** sha256 of all rows, where it is known. */
  readonly checksum?: string;
  /** The rows one after another, in a new array. */
  read(rows: ArrayLike<number>): Promise<Uint8Array | Float32Array>;
  close(): Promise<void>;
}

/** Number of elements of one row. */
export function rowSize(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function copyRows<T extends Uint8Array | Float32Array>(
  source: T,
  target: T,
  rows: ArrayLike<number>,
  size: number,
): T {
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    target.set(source.subarray(row * size, (row + 1) * size), index * size);
  }
  return target;
}

function checkLength(length: number, shape: readonly number[]): number {
  const size = rowSize(shape);
  if (size === 0 || length % size !== 0)
    throw new DatasetError("OPTION", `image rows: expected a multiple of ${size} values, got ${length}`);
  return length / size;
}

/** Images that lie in memory; `pixels` is [N, H, W, 3]. */
export function memoryImages(pixels: Uint8Array, shape: readonly [number, number, 3]): ImageRows {
  const size = rowSize(shape);
  return {
    kind: "pixels",
    count: checkLength(pixels.length, shape),
    shape,
    read: async (rows) => copyRows(pixels, new Uint8Array(rows.length * size), rows, size),
    close: async () => undefined,
  };
}

/** Features that lie in memory; `features` is [N, D]. */
export function featureImages(features: Float32Array, dimension: number): ImageRows {
  return {
    kind: "features",
    count: checkLength(features.length, [dimension]),
    shape: [dimension],
    read: async (rows) => copyRows(features, new Float32Array(rows.length * dimension), rows, dimension),
    close: async () => undefined,
  };
}

/** Images in a flat file of uint8 rows, read by position: memory stays that of a batch. */
export async function fileImages(path: string, shape: readonly [number, number, 3]): Promise<ImageRows> {
  const file = await open(path, "r");
  const size = rowSize(shape);
  const count = checkLength((await file.stat()).size, shape);
  const readRow = async (target: Uint8Array, index: number, row: number): Promise<void> => {
    const { bytesRead } = await file.read(target, index * size, size, row * size);
    if (bytesRead !== size)
      throw new DatasetError("FILE_FORMAT", `${path}: image ${row} ends early; delete the cache folder`, {
        file: path,
        row,
      });
  };
  return {
    kind: "pixels",
    count,
    shape,
    read: async (rows) => {
      const target = new Uint8Array(rows.length * size);
      await Promise.all(Array.from(rows, (row, index) => readRow(target, index, row)));
      return target;
    },
    close: () => file.close(),
  };
}
