import { readFile } from "node:fs/promises";
import { unreadable } from "../captions/records.js";
import { arrayError, elementCount } from "./array-error.js";
import { elementsOf, elementTypes, inflateElement, numbersOf, type Element } from "./mat-elements.js";

/** A numeric matrix; `data` is in row-major (C) order. */
export interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array;
}

/** What a `.mat` file holds: its numeric matrices, and why its other variables were left out. */
export interface MatFile {
  readonly matrices: ReadonlyMap<string, Matrix>;
  readonly skipped: ReadonlyMap<string, string>;
}

const HEADER = 128;
const HDF5 = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const RESAVE = "save it in MATLAB with save(file, 'name', '-v7') or as .npy";
const CLASSES: Readonly<Record<number, string>> = {
  1: "a cell array",
  2: "a structure",
  3: "an object",
  4: "text",
  5: "a sparse matrix",
};
const SINGLE = 7;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
const COMPLEX = 0x0800;
const MOST_DIMENSIONS = 8;

function checkHeader(file: string, bytes: Buffer): void {
  const is73 = bytes.subarray(0, 20).toString("latin1").startsWith("MATLAB 7.3");
  if (bytes.subarray(0, 8).equals(HDF5) || bytes.subarray(512, 520).equals(HDF5) || is73)
    throw arrayError(file, "is a MATLAB 7.3 file (HDF5), which is not read", RESAVE);
  if (bytes.length < HEADER) throw arrayError(file, "is not a .mat file of MATLAB 5 to 7", RESAVE);
  const endian = bytes.subarray(126, 128).toString("latin1");
  if (endian === "MI") throw arrayError(file, "is big-endian, which is not read", RESAVE);
  if (endian !== "IM" || bytes.readUInt16LE(124) !== 0x0100)
    throw arrayError(file, "is not a .mat file of MATLAB 5 to 7", RESAVE);
}

/** Writes column-major values in row-major order. */
function toRowMajor(
  shape: readonly number[],
  at: (index: number) => number,
  data: Float64Array | Float32Array,
): void {
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, extent) => product * extent, 1),
  );
  const position = shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < data.length; target++) {
    data[target] = at(source);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      source += strides[axis] as number;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      source -= (strides[axis] as number) * (shape[axis] as number);
      position[axis] = 0;
    }
  }
}

function dimensionsOf(file: string, element: Element | undefined): number[] {
  if (element?.type !== elementTypes.int32) throw arrayError(file, "holds a matrix without dimensions");
  const { count, at } = numbersOf(file, element);
  const shape = Array.from({ length: Math.min(count, MOST_DIMENSIONS + 1) }, (_, axis) => at(axis));
  if (count < 2 || count > MOST_DIMENSIONS || shape.some((extent) => extent < 0))
    throw arrayError(file, `holds a matrix of the impossible shape (${shape.join(", ")})`);
  return shape;
}

function matrixOf(
  file: string,
  name: string,
  kind: number,
  shape: number[],
  values: Element | undefined,
): Matrix {
  if (values === undefined) throw arrayError(file, `matrix ${name} has no values`);
  const { count, at } = numbersOf(file, values);
  if (count !== elementCount(shape))
    throw arrayError(file, `matrix ${name}: expected shape (${shape.join(", ")}), got ${count} values`);
  const data = kind === SINGLE ? new Float32Array(count) : new Float64Array(count);
  toRowMajor(shape, at, data);
  return { shape, data };
}

function readMatrix(
  file: string,
  bytes: Buffer,
  wanted: ((name: string) => boolean) | undefined,
  found: { matrices: Map<string, Matrix>; skipped: Map<string, string> },
): void {
  const [flags, dimensions, label, values] = firstElements(file, bytes, 4);
  if (flags?.type !== elementTypes.uint32 || flags.data.length !== 8)
    throw arrayError(file, "holds a matrix without flags");
  const flag = flags.data.readUInt32LE(0);
  const kind = flag & 0xff;
  const numeric = kind >= FIRST_NUMERIC && kind <= LAST_NUMERIC;
  if (numeric && label?.type !== elementTypes.int8) throw arrayError(file, "holds a matrix without a name");
  const name = label?.data.toString("latin1") ?? "";
  if (wanted && !wanted(name)) return;
  if (!numeric) found.skipped.set(name, CLASSES[kind] ?? `of the unknown class ${kind}`);
  else if ((flag & COMPLEX) !== 0) found.skipped.set(name, "complex");
  else found.matrices.set(name, matrixOf(file, name, kind, dimensionsOf(file, dimensions), values));
}

function firstElements(file: string, bytes: Buffer, count: number): Element[] {
  const elements: Element[] = [];
  for (const element of elementsOf(file, bytes)) {
    elements.push(element);
    if (elements.length === count) break;
  }
  return elements;
}

/**
 * Reads the numeric matrices of a `.mat` file of MATLAB 5 to 7 from its bytes, all of them or those that are
 * wanted. Errors: `FILE_FORMAT`, also for HDF5 (7.3) and big-endian files.
 */
export function parseMat(file: string, bytes: Buffer, wanted?: (name: string) => boolean): MatFile {
  checkHeader(file, bytes);
  const found = { matrices: new Map<string, Matrix>(), skipped: new Map<string, string>() };
  for (const { type, data } of elementsOf(file, bytes.subarray(HEADER))) {
    const inner =
      type === elementTypes.compressed
        ? firstElements(file, inflateElement(file, data), 1)[0]
        : { type, data };
    if (inner?.type === elementTypes.matrix) readMatrix(file, inner.data, wanted, found);
  }
  return found;
}

/** Reads a `.mat` file. Errors: `FILE_MISSING`, `FILE_FORMAT`. */
export async function readMat(file: string, wanted?: (name: string) => boolean): Promise<MatFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  return parseMat(file, bytes, wanted);
}
