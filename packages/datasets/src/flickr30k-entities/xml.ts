import { DatasetError } from "../errors.js";

/** An element without attributes: its children, or its text. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

type OpenElement = { name: string; children: OpenElement[]; text: string };

const DEEPEST = 16;
const LONGEST = 16 << 20;
const PIECE = /<(\/?)([A-Za-z][\w.-]{0,63})\s*(\/?)>|([^<]+)/y;
const PROLOGUE = /^\uFEFF?\s*(?:<\?xml[^<>]{0,200}\?>)?\s*/;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function refuse(file: string, what: string): DatasetError {
  return new DatasetError("FILE_FORMAT", `${file}: ${what}; fetch the file again`, { file });
}

function decodeText(file: string, text: string): string {
  return text.replace(/&([^;&\s]{0,16});?/g, (reference, name: string) => {
    const value = ENTITIES[name];
    if (value === undefined || !reference.endsWith(";"))
      throw refuse(file, `holds the entity ${reference}, which annotations never need`);
    return value;
  });
}

function explain(file: string, text: string, at: number): DatasetError {
  const start = text.slice(at, at + 30);
  if (/^<!(?!--)/.test(start))
    return refuse(file, "holds a document type or entity declaration, which annotations never need");
  return refuse(file, `is not plain XML at character ${at} (${JSON.stringify(start)})`);
}

function append(file: string, stack: OpenElement[], name: string): OpenElement {
  const element: OpenElement = { name, children: [], text: "" };
  if (stack.length > DEEPEST) throw refuse(file, `is nested deeper than ${DEEPEST} elements`);
  stack.at(-1)?.children.push(element);
  return element;
}

/**
 * Parses XML of elements and text: no attributes, no comments, no declarations, no entities but the five
 * predefined ones. The shape of annotation files needs no more, and so neither entity bombs nor outside files
 * are possible. Errors: `FILE_FORMAT`.
 */
export function parsePlainXml(file: string, source: string): XmlElement {
  if (source.length > LONGEST)
    throw refuse(file, `has ${source.length} characters, more than any annotation`);
  const text = source.replace(PROLOGUE, "").trimEnd();
  const document: OpenElement = { name: "", children: [], text: "" };
  const stack: OpenElement[] = [document];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < text.length) {
    const at = PIECE.lastIndex;
    const match = PIECE.exec(text);
    if (!match) throw explain(file, text, at);
    const [, closing, name, empty, content] = match;
    const current = stack.at(-1) as OpenElement;
    if (content !== undefined) current.text += decodeText(file, content).trim();
    else if (closing !== "/") {
      const element = append(file, stack, name as string);
      if (empty !== "/") stack.push(element);
    } else if (current.name === name && empty !== "/") stack.pop();
    else throw refuse(file, `closes <${name}> inside <${current.name}>`);
  }
  const [root] = document.children;
  if (stack.length > 1) throw refuse(file, `ends inside <${stack.at(-1)?.name}>`);
  if (root === undefined || document.children.length > 1 || document.text !== "")
    throw refuse(file, "does not hold exactly one element");
  return root;
}
