import { describe, expect, it } from "vitest";
import { withHardNegatives } from "./miner.js";

const batch = {
  image: new Float32Array(4),
  imageLabel: Int32Array.of(0, 1, 2, 3),
  text: Int32Array.of(10, 11, 12, 13),
  textLabel: Int32Array.of(0, 1, 2, 3),
  candidateText: Int32Array.of(20, 21, 22),
  candidateLabel: Int32Array.of(0, 7, 8),
};

describe("hard text negatives", () => {
  it("replace the second half's texts and labels and nothing else", () => {
    const mined = withHardNegatives(batch, Float32Array.of(0.9, 0.1, 0.5, 0.9, 0.1, 0.5));
    expect([...mined.text]).toEqual([10, 11, 22, 20]);
    expect([...mined.textLabel]).toEqual([0, 1, 8, 0]);
    expect(mined.image).toBe(batch.image);
    expect([...batch.text]).toEqual([10, 11, 12, 13]);
  });

  it("are never of the anchor's own class, and the first of equals wins", () => {
    const mined = withHardNegatives(batch, Float32Array.of(1, 0.4, 0.4, 0.2, 0.2, 0.2));
    expect([...mined.textLabel.subarray(2)]).toEqual([7, 0]);
  });

  it("leave a row as it is when every candidate is of the anchor's class", () => {
    const own = { ...batch, candidateLabel: Int32Array.of(0, 0, 0) };
    const mined = withHardNegatives(own, new Float32Array(6));
    expect([...mined.textLabel]).toEqual([0, 1, 2, 0]);
    expect(mined.text[2]).toBe(12);
  });
});
