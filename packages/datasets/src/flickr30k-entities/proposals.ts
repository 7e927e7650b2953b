import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseMat } from "../arrays/mat.js";
import { parseNpy, toFloat32 } from "../arrays/npy.js";
import { parseCorpusJson, readCorpusFile, unreadable } from "../captions/records.js";
import { DatasetError } from "../errors.js";
import { findFile } from "../splits/find-file.js";
import { proposalBoxes, type NumberTable, type ProposalForm } from "./proposal-boxes.js";

/** Boxes for an image by its id, float32 [N, 4]: left, top, right, bottom, 1-based and inclusive. */
export type Proposals = (id: string) => Promise<Float32Array>;

function tableOf(file: string, shape: readonly number[], data: ArrayLike<number>): NumberTable {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2)
    throw new DatasetError(
      "FILE_FORMAT",
      `${file}: expected a table of boxes, got ${shape.length} dimensions`,
      { file },
    );
  return { rows, columns, at: (row, column) => data[row * columns + column] as number };
}

function jsonTable(file: string, value: unknown): NumberTable {
  const isRow = (row: unknown): row is number[] =>
    Array.isArray(row) && row.length >= 4 && row.every((cell) => typeof cell === "number");
  if (!Array.isArray(value) || !value.every(isRow))
    throw new DatasetError("FILE_FORMAT", `${file}: expected a list of boxes, each 4 numbers or more`, {
      file,
    });
  return { rows: value.length, columns: 4, at: (row, column) => (value[row] as number[])[column] as number };
}

function matTable(file: string, bytes: Buffer): NumberTable {
  const tables = [...parseMat(file, bytes).matrices].filter(([, { shape }]) => shape.length === 2);
  const named = tables.find(([name]) => /^(bbs|boxes|proposals)$/i.test(name));
  const [, matrix] = named ?? (tables.length === 1 ? tables[0] : undefined) ?? [];
  if (matrix) return tableOf(file, matrix.shape, matrix.data);
  throw new DatasetError(
    "FILE_FORMAT",
    `${file}: expected a matrix named bbs, boxes or proposals, got ${tables.map(([name]) => name).join(", ") || "none"}`,
    { file },
  );
}

async function bytesOf(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

async function readTable(file: string): Promise<NumberTable> {
  if (file.endsWith(".json")) return jsonTable(file, parseCorpusJson(file, await readCorpusFile(file)));
  const bytes = await bytesOf(file);
  if (file.endsWith(".mat")) return matTable(file, bytes);
  const { shape, data } = parseNpy(file, bytes);
  return tableOf(file, shape, toFloat32(data));
}

function missing(place: string, id: string): DatasetError {
  return new DatasetError(
    "FILE_MISSING",
    `${place}: no proposals for image ${id}; compute them for all images`,
    {
      file: place,
      id,
    },
  );
}

function checkId(id: string): void {
  if (!/^[\w-]{1,64}$/.test(id))
    throw new DatasetError("OPTION", `'${id.slice(0, 64)}' is not the id of an image`);
}

async function oneFile(file: string, form: ProposalForm): Promise<Proposals> {
  const parsed = parseCorpusJson(file, await readCorpusFile(file));
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new DatasetError("FILE_FORMAT", `${file}: expected an object of image ids and their boxes`, {
      file,
    });
  const byId = new Map<string, unknown>(Object.entries(parsed));
  return async (id) => {
    if (!byId.has(id)) throw missing(file, id);
    return proposalBoxes(`${file}, ${id}`, jsonTable(`${file}, ${id}`, byId.get(id)), form);
  };
}

/**
 * Opens proposals: a folder of `<id>.npy`, `<id>.mat` (EdgeBoxes' `bbs`) or `<id>.json`, or one JSON file of
 * boxes by id. Errors: `FILE_MISSING`, `FILE_FORMAT`; for a folder when an image is asked for.
 */
export async function openProposals(path: string, form: ProposalForm): Promise<Proposals> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return oneFile(path, form);
  return async (id) => {
    checkId(id);
    const file = await findFile(path, [`${id}.npy`, `${id}.mat`, `${id}.json`]);
    if (file === undefined) throw missing(join(path, `${id}.*`), id);
    return proposalBoxes(file, await readTable(file), form);
  };
}
