import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { retrievalPicture } from "./retrieval-picture.js";
import { spreadQueries, topResults } from "./top-results.js";

const labels = (...values: number[]) => Int32Array.from(values);
const embedding = (...values: number[]) => Float32Array.from(values);

describe("the top results of a query", () => {
  const texts = { embedding: embedding(1, 0, 0, 1), labels: labels(0, 1) };
  const images = { embedding: embedding(0.9, 0.1, 0.2, 0.8, 0.9, 0.1), labels: labels(1, 1, 0) };

  it("come by cosine, ties by row, with what is correct marked by label", () => {
    const [first] = topResults(texts, images, { of: [0], count: 2, dimension: 2 });
    expect(first?.found.map(({ row, correct }) => [row, correct])).toEqual([
      [0, false],
      [2, true],
    ]);
  });

  it("come from the rows of the gallery only", () => {
    const gallery = { ...images, rows: Int32Array.of(1, 2) };
    const [first] = topResults(texts, gallery, { of: [0], count: 5, dimension: 2 });
    expect(first?.found.map(({ row }) => row)).toEqual([2, 1]);
  });

  it("are asked for queries that have a match, spread evenly", () => {
    const many = { embedding: embedding(), labels: labels(0, 9, 1, 9, 0, 1, 9, 0) };
    expect(spreadQueries(many, images, 3)).toEqual([0, 4, 7]);
    expect(spreadQueries(many, images, 99)).toEqual([0, 2, 4, 5, 7]);
  });
});

describe("the retrieval picture", () => {
  const colors = [
    [200, 0, 0],
    [0, 0, 200],
  ] as const;
  const draw = (match: readonly number[]) =>
    retrievalPicture({
      title: "test <split> & \u0000 control",
      images: { embedding: embedding(1, 0, 0, 1), labels: labels(0, 1) },
      texts: { embedding: embedding(1, 0, 0, 1), labels: labels(...match) },
      dimension: 2,
      captionOf: (row) => `caption "${row}" <with> & signs`,
      pixelsOf: (row) =>
        Promise.resolve({
          data: Uint8Array.from({ length: 48 }, (_, i) => colors[row]?.[i % 3] ?? 0),
          height: 4,
          width: 4,
        }),
    });

  const greenPixels = async (png: Buffer): Promise<number> => {
    const { data } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    let count = 0;
    for (let i = 0; i < data.length; i += 3) {
      if ((data[i] ?? 0) < 60 && (data[i + 1] ?? 0) > 120 && (data[i + 2] ?? 0) < 90) count++;
    }
    return count;
  };

  it("is a PNG that shows the pictures and frames what is correct in green", async () => {
    const png = await draw([0, 1]);
    const { format, width, height } = await sharp(png).metadata();
    expect([format, (width ?? 0) > 1000, (height ?? 0) > 200]).toEqual(["png", true, true]);
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    // The middle of the first result of the first query: the red picture.
    const at = ((46 + 48) * info.width + 230 + 48) * 3;
    expect([data[at], data[at + 1], data[at + 2]]).toEqual([200, 0, 0]);
    expect(await greenPixels(png)).toBeGreaterThan(2000);
  });

  it("frames nothing when nothing is found", async () => {
    expect(await greenPixels(await draw([5, 6]))).toBe(0);
  });
});
