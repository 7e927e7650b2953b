import { readFileSync } from "node:fs";
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
} from "yaml";
import { ExperimentError, codeOf } from "../errors.js";
import type { Path } from "./path.js";

/** A YAML file that remembers where everything stands. */
export interface ConfigDocument {
  readonly file: string;
  readonly value: unknown;
  /** Line and column (from 1) of the value at a path, or of its nearest ancestor that is in the file. */
  readonly locate: (path: Path) => Position;
  /** The same, of a mapping's key. */
  readonly locateKey: (path: Path) => Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

const START: Position = { line: 1, column: 1 };

/** Reads a file; throws CONFIG_MISSING or, on broken YAML, CONFIG_INVALID with the line. */
export function readDocument(file: string): ConfigDocument {
  return parseConfigDocument(readText(file), file);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = codeOf(error) === "ENOENT" ? "there is no such file" : String(error);
    throw new ExperimentError(
      "CONFIG_MISSING",
      `${file} cannot be read: ${reason}.`,
      { file },
      { cause: error },
    );
  }
}

/** Parses YAML text; `file` is only for messages. */
export function parseConfigDocument(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    const message = `${file}:${line}:${col} is not valid YAML: ${broken.message}`;
    throw new ExperimentError("CONFIG_INVALID", message, { file, line });
  }
  const at = (node: Node | undefined): Position => {
    if (!node?.range) return START;
    const { line, col } = lines.linePos(node.range[0]);
    return { line, column: col };
  };
  return {
    file,
    value: document.toJS(),
    locate: (path) => at(nodeAt(document, path, false)),
    locateKey: (path) => at(nodeAt(document, path, true)),
  };
}

function nodeAt(document: Document, path: Path, wantsKey: boolean): Node | undefined {
  let node = document.contents ?? undefined;
  for (const [depth, key] of path.entries()) {
    const inside = isAlias(node) ? node.resolve(document) : node;
    if (!isCollection(inside)) return node;
    const next = childNode(inside, key, wantsKey && depth === path.length - 1);
    if (next === undefined) return inside;
    node = next;
  }
  return node;
}

function childNode(collection: Node, key: string | number, wantsKey: boolean): Node | undefined {
  if (!isCollection(collection)) return undefined;
  if (!isMap(collection)) {
    const item = collection.items[Number(key)];
    return isPair(item) ? undefined : ((item ?? undefined) as Node | undefined);
  }
  const pair = collection.items.find((candidate) => String(candidate.key) === String(key));
  return ((wantsKey ? pair?.key : (pair?.value ?? pair?.key)) ?? undefined) as Node | undefined;
}
