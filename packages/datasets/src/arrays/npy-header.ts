import { arrayError, elementCount } from "./array-error.js";

/** Element types that are read: little-endian numbers and booleans. */
export const NPY_TYPES = {
  "<f4": 4,
  "<f8": 8,
  "<i4": 4,
  "<i8": 8,
  "|u1": 1,
  "|b1": 1,
} as const;

export type NpyType = keyof typeof NPY_TYPES;

/** What a `.npy` file says about its data. */
export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Byte at which the data begins. */
  readonly dataOffset: number;
}

const MAGIC = Buffer.from("\x93NUMPY", "latin1");
/** Bytes that tell where the header ends. */
export const NPY_PREFIX = 12;
const LARGEST_HEADER = 1 << 16;
const MOST_DIMENSIONS = 32;

function aliases(type: string): string {
  return /^[<=|](?:u1|b1)$/.test(type) ? `|${type.slice(1)}` : type;
}

/** Where the header text lies: `[begin, end)` in bytes. */
export function npyHeaderRange(file: string, prefix: Buffer): readonly [number, number] {
  if (prefix.length < 10 || !prefix.subarray(0, 6).equals(MAGIC))
    throw arrayError(file, "is not a .npy file", "save it with numpy.save");
  const version = prefix[6] as number;
  if (version < 1 || version > 3) throw arrayError(file, `has version ${version}, expected 1, 2 or 3`);
  if (version > 1 && prefix.length < NPY_PREFIX) throw arrayError(file, "ends inside its header");
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8);
  if (length > LARGEST_HEADER)
    throw arrayError(file, `has a header of ${length} bytes, which no array needs`);
  return [begin, begin + length];
}

const TOKEN = /\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|(\d+)L?|(True|False)|([{}():,]))/y;

type Token = { readonly text: string; readonly kind: "string" | "number" | "word" | "mark" };

function tokensOf(file: string, header: string): Token[] {
  const tokens: Token[] = [];
  const text = header.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw arrayError(file, `has an unreadable header at character ${at}`);
    const [, single, double, digits, word, mark] = match;
    const string = single ?? double;
    if (string !== undefined) tokens.push({ kind: "string", text: string });
    else if (digits !== undefined) tokens.push({ kind: "number", text: digits });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else tokens.push({ kind: "mark", text: mark as string });
  }
  return tokens;
}

/**
 * Reads the one literal that a header may be: `{'descr': str, 'fortran_order': bool, 'shape': (int, ...), }`.
 */
class LiteralReader {
  readonly #file: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(file: string, header: string) {
    this.#file = file;
    this.#tokens = tokensOf(file, header);
  }

  #peek(mark: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === "mark" && token.text === mark;
  }

  #take(kind: Token["kind"], text?: string): string {
    const token = this.#tokens[this.#next++];
    if (token?.kind === kind && (text === undefined || token.text === text)) return token.text;
    const got = token === undefined ? "its end" : `'${token.text.slice(0, 40)}'`;
    throw arrayError(this.#file, `has an unreadable header: expected ${text ?? kind}, got ${got}`);
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#take("mark", "(");
    while (!this.#peek(")")) {
      shape.push(Number(this.#take("number")));
      if (!this.#peek(")")) this.#take("mark", ",");
    }
    this.#take("mark", ")");
    return shape;
  }

  read(): ReadonlyMap<string, unknown> {
    const entries = new Map<string, unknown>();
    this.#take("mark", "{");
    while (!this.#peek("}")) {
      const key = this.#take("string");
      this.#take("mark", ":");
      if (entries.has(key)) throw arrayError(this.#file, `has '${key.slice(0, 40)}' twice in its header`);
      if (key === "descr") entries.set(key, this.#take("string"));
      else if (key === "fortran_order") entries.set(key, this.#take("word") === "True");
      else if (key === "shape") entries.set(key, this.#shape());
      else throw arrayError(this.#file, `has an unknown key '${key.slice(0, 40)}' in its header`);
      if (!this.#peek("}")) this.#take("mark", ",");
    }
    this.#take("mark", "}");
    if (this.#next !== this.#tokens.length)
      throw arrayError(this.#file, "has more than one value in its header");
    return entries;
  }
}

function checkType(file: string, described: string): NpyType {
  const type = aliases(described);
  if (Object.hasOwn(NPY_TYPES, type)) return type as NpyType;
  const read = Object.keys(NPY_TYPES).join(", ");
  const shown = described.slice(0, 40);
  if (described.includes("O"))
    throw arrayError(
      file,
      `holds pickled objects (${shown}), which are never loaded`,
      "save numbers, for example array.astype('float32')",
    );
  throw arrayError(file, `has elements of type ${shown}, expected one of ${read}`, "save it as float32");
}

/** Parses the header text. Nothing is evaluated. Errors: `FILE_FORMAT`. */
export function parseNpyHeader(file: string, header: string, dataOffset: number): NpyHeader {
  const entries = new LiteralReader(file, header).read();
  const missing = ["descr", "fortran_order", "shape"].filter((key) => !entries.has(key));
  if (missing.length > 0) throw arrayError(file, `lacks ${missing.join(" and ")} in its header`);
  const type = checkType(file, entries.get("descr") as string);
  const shape = entries.get("shape") as number[];
  if (entries.get("fortran_order") === true && shape.length > 1)
    throw arrayError(file, "is in Fortran order", "save numpy.ascontiguousarray(array)");
  const count = elementCount(shape) ?? Infinity;
  if (
    shape.length > MOST_DIMENSIONS ||
    !shape.every(Number.isSafeInteger) ||
    !Number.isSafeInteger(count * NPY_TYPES[type])
  )
    throw arrayError(file, `has the impossible shape (${shape.slice(0, 8).join(", ")})`);
  return { type, shape, dataOffset };
}
