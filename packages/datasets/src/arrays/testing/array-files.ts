import { deflateSync } from "node:zlib";

/** A `.npy` file with any header text. */
export function npyWithHeader(header: string, data: Uint8Array, version = 1): Buffer {
  const prefixLength = version === 1 ? 10 : 12;
  const padded =
    header.padEnd(Math.ceil((prefixLength + header.length + 1) / 64) * 64 - prefixLength - 1) + "\n";
  const prefix = Buffer.alloc(prefixLength);
  prefix.write("\x93NUMPY", "latin1");
  prefix[6] = version;
  if (version === 1) prefix.writeUInt16LE(padded.length, 8);
  else prefix.writeUInt32LE(padded.length, 8);
  return Buffer.concat([prefix, Buffer.from(padded, "latin1"), data]);
}

/** A `.npy` file as NumPy writes it. */
export function npyFile(descr: string, shape: readonly number[], data: ArrayBufferView, version = 1): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  return npyWithHeader(header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), version);
}

/** A float32 `.npy` file. */
export function floatNpy(shape: readonly number[], values: readonly number[]): Buffer {
  return npyFile("<f4", shape, Float32Array.from(values));
}

function element(type: number, data: Buffer): Buffer {
  if (data.length > 0 && data.length <= 4) {
    const small = Buffer.alloc(8);
    small.writeUInt32LE((data.length << 16) | type, 0);
    data.copy(small, 4);
    return small;
  }
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

/** A variable of a `.mat` file. */
export interface MatVariable {
  readonly name: string;
  /** MATLAB's array class: 6 double, 7 single, 9 uint8, 4 text ... */
  readonly kind: number;
  readonly shape: readonly number[];
  /** Storage type of the values: 9 double, 7 single, 2 uint8 ... */
  readonly storage: number;
  /** Values in column-major order. */
  readonly values: ArrayBufferView;
  readonly compressed?: boolean;
  readonly flags?: number;
}

function variable({ name, kind, shape, storage, values, compressed, flags = 0 }: MatVariable): Buffer {
  const flagWords = Buffer.alloc(8);
  flagWords.writeUInt32LE(kind | flags, 0);
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const matrix = element(
    14,
    Buffer.concat([
      element(6, flagWords),
      element(5, Buffer.from(Int32Array.from(shape).buffer)),
      element(1, Buffer.from(name, "latin1")),
      element(storage, bytes),
    ]),
  );
  if (!compressed) return matrix;
  const packed = deflateSync(matrix);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(packed.length, 4);
  return Buffer.concat([tag, packed]);
}

/** A `.mat` file of MATLAB 5 (or 7, where compressed). */
export function matFile(...variables: readonly MatVariable[]): Buffer {
  const header = Buffer.alloc(128, " ");
  header.write("MATLAB 5.0 MAT-file, Platform: GLNXA64", "latin1");
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write("IM", 126, "latin1");
  return Buffer.concat([header, ...variables.map(variable)]);
}

/** A double matrix given row by row. */
export function doubleVariable(
  name: string,
  rows: readonly (readonly number[])[],
  compressed = false,
): MatVariable {
  const columns = rows[0]?.length ?? 0;
  const values = Float64Array.from({ length: rows.length * columns }, (_, index) => {
    const row = index % rows.length;
    return (rows[row] as readonly number[])[Math.floor(index / rows.length)] as number;
  });
  return { name, kind: 6, shape: [rows.length, columns], storage: 9, values, compressed };
}
