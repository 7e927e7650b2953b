import { expect, it } from "vitest";
import { expectError } from "../testing/fixtures.js";
import { parseAnnotation } from "./annotation.js";

const box = (left: number, top: number, right: number, bottom: number) =>
  `<bndbox><xmin>${left}</xmin><ymin>${top}</ymin><xmax>${right}</xmax><ymax>${bottom}</ymax></bndbox>`;
const file = (objects: string, size = "<width>500</width><height>333</height><depth>3</depth>") =>
  `<annotation>\n<filename>1.jpg</filename><size>${size}</size>\n${objects}</annotation>\n`;

it("gives boxes by chain, scene and box-less chains", () => {
  const { width, height, boxes, scene, noBox } = parseAnnotation(
    "1.xml",
    file(`
      <object><name>1</name><name>6</name>${box(197, 110, 261, 303)}</object>
      <object><name>1</name>${box(1, 1, 10, 20)}</object>
      <object><name>8</name><scene>1</scene><nobndbox>0</nobndbox></object>
      <object><name>10</name><scene>0</scene><nobndbox>1</nobndbox></object>`),
  );
  expect([width, height]).toEqual([500, 333]);
  expect(boxes.get(1)).toEqual([
    { left: 197, top: 110, right: 261, bottom: 303 },
    { left: 1, top: 1, right: 10, bottom: 20 },
  ]);
  expect(boxes.get(6)).toHaveLength(1);
  expect([[...scene], [...noBox]]).toEqual([[8], [10]]);
});

it("reads a declaration, predefined entities and empty elements", () => {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${file("<owner/><note>a &amp; b</note>")}`;
  expect(parseAnnotation("1.xml", text).boxes.size).toBe(0);
});

const bomb = `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotation>&b;</annotation>`;
const refused: [string, string, string][] = [
  ["document types and entity bombs", bomb, "document type or entity declaration"],
  ["outside files", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>`, "document type"],
  ["entities", file("<note>&secret;</note>"), "entity &secret;"],
  ["numbered characters", file("<note>&#65;</note>"), "entity &#65;"],
  ["attributes", `<annotation a="1"></annotation>`, "not plain XML"],
  ["comments", file("<!-- note -->"), "not plain XML"],
  ["elements closed in the wrong order", "<annotation><a><b></a></b></annotation>", "closes <a> inside <b>"],
  ["a truncated file", file("").slice(0, 60), "1.xml"],
  ["two roots", `${file("")}${file("")}`, "exactly one element"],
  ["text alone", "no annotation", "exactly one element"],
  ["deep nesting", "<a>".repeat(100_000), "nested deeper than 16"],
  ["another root", "<svg></svg>", "expected <annotation>"],
  ["a missing size", "<annotation></annotation>", "expected one <size>"],
  ["an empty image", file("", "<width>0</width><height>5</height>"), "0 x 5 pixels"],
  [
    "two widths",
    file("", "<width>1</width><width>2</width><height>5</height>"),
    "expected one <width> in <size>, got more",
  ],
  ["an object without name", file(`<object>${box(1, 1, 2, 2)}</object>`), "no <name>"],
  ["a chain that is no number", file("<object><name>__proto__</name></object>"), "not a chain"],
  ["a box inside out", file(`<object><name>1</name>${box(9, 1, 2, 2)}</object>`), "inside out"],
  [
    "a corner that is no number",
    file(`<object><name>1</name>${box(1, 1, 2, NaN)}</object>`),
    "not a number of pixels",
  ],
  [
    "a corner beyond any image",
    file(`<object><name>1</name>${box(1, 1, 2, 9_999_999)}</object>`),
    "not a number of pixels",
  ],
];

it.each(refused)("refuses %s", async (_, text, part) => {
  await expectError(() => parseAnnotation("1.xml", text), "FILE_FORMAT", "1.xml", part);
});
