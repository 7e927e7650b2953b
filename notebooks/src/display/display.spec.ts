import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageGrid } from "../pictures/image-grid.js";
import { retrievalResult } from "../pictures/retrieval-result.js";
import sharp from "sharp";
import { findPlace } from "./place.js";
import { openDisplay } from "./show.js";
import { table } from "./table.js";

const svg = { mime: "image/svg+xml", data: "<svg/>" } as const;
const png = { mime: "image/png", data: new Uint8Array([1, 2, 3]) } as const;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "display-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a display", () => {
  it("is a file in a plain process, and each picture takes the place of the last", async () => {
    expect(findPlace()).toEqual({ kind: "process" });
    const display = openDisplay({ name: "loss", folder });
    await display.show(svg);
    const path = await display.show({ ...svg, data: "<svg>2</svg>" });
    expect(path).toBe(join(folder, "loss.svg"));
    expect(readFileSync(path ?? "", "utf8")).toBe("<svg>2</svg>");
  });

  it("is an output of the cell in tslab", async () => {
    const raw: unknown[] = [];
    const newDisplay = () => ({ raw: (...shown: unknown[]) => void raw.push(shown) });
    const place = findPlace({ __tslab__: { require: () => ({ newDisplay }) } });
    expect(await openDisplay({ name: "x", folder }, place).show(png)).toBeUndefined();
    expect(raw).toEqual([["image/png", png.data]]);
  });

  it("is one that later pictures update in Deno's kernel, bytes in base64", async () => {
    const sent: { type: string; content: { data: object; transient: { display_id: string } } }[] = [];
    const broadcast = async (type: string, content: never) => void sent.push({ type, content });
    const display = openDisplay({ name: "x", folder }, findPlace({ Deno: { jupyter: { broadcast } } }));
    await display.show(png);
    await display.show(svg);
    expect(sent.map(({ type }) => type)).toEqual(["display_data", "update_display_data"]);
    expect(sent[0]?.content.data).toEqual({ "image/png": "AQID" });
    expect(sent[1]?.content.transient).toEqual(sent[0]?.content.transient);
  });

  it("is a file under Deno outside of its kernel, where asking throws", () => {
    const Deno = Object.defineProperty({}, "jupyter", {
      get: () => {
        throw new Error("no kernel");
      },
    });
    expect(findPlace({ Deno })).toEqual({ kind: "process" });
  });
});

describe("tables", () => {
  it("have a column for every name, round numbers, escape words and count what they leave out", () => {
    const rows = [{ a: 1 / 3, b: "<i>" }, { c: [1, 2] }, { a: 2 }];
    const { data } = table(rows, { limit: 2, caption: "x & y" });
    for (const part of ["0.3333", "&lt;i&gt;", "1 x 2", "1 more rows", "x &amp; y"])
      expect(data).toContain(part);
    expect(String(data).match(/<th /g)).toHaveLength(3);
  });
});

describe("pictures", () => {
  const red = {
    data: new Uint8Array(4 * 4 * 3).map((_, at) => (at % 3 === 0 ? 255 : 0)),
    height: 4,
    width: 4,
  };

  it("lie in a grid as one PNG, rows as needed", async () => {
    const tiles = Array.from({ length: 5 }, () => ({
      picture: red,
      label: "a label that is far too long for it",
    }));
    const { data, mime } = await imageGrid(tiles, { columns: 3, size: 40 });
    const { width, height } = await sharp(Buffer.from(data as Uint8Array)).metadata();
    expect([mime, width, height]).toEqual(["image/png", 3 * 48 + 8, 2 * 66 + 8]);
    const pixels = await sharp(Buffer.from(data as Uint8Array))
      .removeAlpha()
      .raw()
      .toBuffer();
    expect([...pixels.subarray((20 * 152 + 20) * 3, (20 * 152 + 20) * 3 + 3)]).toEqual([255, 0, 0]);
  });

  it("and sentences stand beside what they found, what is correct in green", async () => {
    const found = [
      { item: { picture: red }, score: 0.5, correct: true },
      { item: { sentence: "<b>" }, score: 0.25 },
    ];
    const { data } = await retrievalResult([{ query: { sentence: "a red square" }, found }]);
    for (const part of [
      "a red square",
      "data:image/png;base64,",
      "0.500",
      "0.250 &lt;b&gt;",
      "3px solid #1a8f3c",
    ])
      expect(data).toContain(part);
  });
});
