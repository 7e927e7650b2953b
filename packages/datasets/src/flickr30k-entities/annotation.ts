import { DatasetError } from "../errors.js";
import type { PixelBox } from "./pixel-box.js";
import { parsePlainXml, type XmlElement } from "./xml.js";

/** What an annotation file says about an image. */
export interface Annotation {
  readonly width: number;
  readonly height: number;
  /** Boxes of each chain; a box of several chains is listed for each. */
  readonly boxes: ReadonlyMap<number, readonly PixelBox[]>;
  /** Chains that mean the whole scene. */
  readonly scene: ReadonlySet<number>;
  /** Chains that cannot be boxed. */
  readonly noBox: ReadonlySet<number>;
}

const LARGEST = 1 << 20;

class AnnotationReader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  refuse(what: string): DatasetError {
    return new DatasetError("FILE_FORMAT", `${this.#file}: ${what}; fetch the file again`, {
      file: this.#file,
    });
  }

  #child(element: XmlElement, name: string): XmlElement {
    const [child, second] = element.children.filter((candidate) => candidate.name === name);
    if (child === undefined || second !== undefined)
      throw this.refuse(`expected one <${name}> in <${element.name}>, got ${child ? "more" : "none"}`);
    return child;
  }

  number(element: XmlElement, name: string): number {
    const { text, children } = this.#child(element, name);
    const value = /^-?\d{1,7}(?:\.\d{1,9})?$/.test(text) && children.length === 0 ? Number(text) : NaN;
    if (Number.isNaN(value) || Math.abs(value) > LARGEST)
      throw this.refuse(`<${name}> is not a number of pixels (${JSON.stringify(text.slice(0, 20))})`);
    return value;
  }

  size(root: XmlElement): { width: number; height: number } {
    const size = this.#child(root, "size");
    const [width, height] = [this.number(size, "width"), this.number(size, "height")];
    if (width < 1 || height < 1) throw this.refuse(`the image has ${width} x ${height} pixels`);
    return { width, height };
  }

  chains(object: XmlElement): number[] {
    const names = object.children.filter(({ name }) => name === "name");
    if (names.length === 0) throw this.refuse("an <object> has no <name>");
    return names.map(({ text }) => {
      if (!/^\d{1,15}$/.test(text))
        throw this.refuse(`<name> is not a chain (${JSON.stringify(text.slice(0, 20))})`);
      return Number(text);
    });
  }

  box(object: XmlElement): PixelBox {
    const element = this.#child(object, "bndbox");
    const [left, top] = [this.number(element, "xmin"), this.number(element, "ymin")];
    const [right, bottom] = [this.number(element, "xmax"), this.number(element, "ymax")];
    if (right < left || bottom < top)
      throw this.refuse(`the box ${left},${top},${right},${bottom} is inside out`);
    return { left, top, right, bottom };
  }

  hasFlag(object: XmlElement, name: string): boolean {
    return object.children.some((child) => child.name === name) && this.number(object, name) === 1;
  }
}

/**
 * Parses a file of `Annotations`. Coordinates stay as they are: 1-based, inclusive. Errors: `FILE_FORMAT`.
 */
export function parseAnnotation(file: string, source: string): Annotation {
  const reader = new AnnotationReader(file);
  const root = parsePlainXml(file, source);
  if (root.name !== "annotation") throw reader.refuse(`expected <annotation>, got <${root.name}>`);
  const boxes = new Map<number, PixelBox[]>();
  const scene = new Set<number>();
  const noBox = new Set<number>();
  for (const object of root.children.filter(({ name }) => name === "object")) {
    const chains = reader.chains(object);
    const box = object.children.some(({ name }) => name === "bndbox") ? reader.box(object) : undefined;
    for (const chain of chains) {
      const known = boxes.get(chain);
      if (box && known) known.push(box);
      else if (box) boxes.set(chain, [box]);
      else if (reader.hasFlag(object, "scene")) scene.add(chain);
      else noBox.add(chain);
    }
  }
  return { ...reader.size(root), boxes, scene, noBox };
}
