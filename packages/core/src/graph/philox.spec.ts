import { describe, expect, it } from "vitest";
import { hashName, philox4x32, randomWords, uniform01, type Words } from "./philox.js";

const hex = (words: Words): string => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  it("gives the published words of Philox4x32-10", () => {
    const all = 0xffffffff;
    expect(hex(philox4x32([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
    expect(hex(philox4x32([all, all, all, all], [all, all]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
    const pi: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    expect(hex(philox4x32(pi, [0xa4093822, 0x299f31d0]))).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
  });

  it("gives the same first words however many are asked for", () => {
    const long = randomWords(5, 6, 7, 11);
    for (const count of [0, 1, 3, 4, 5, 8]) expect(randomWords(5, 6, 7, count)).toEqual(long.slice(0, count));
  });

  it("changes with seed, stream and step", () => {
    const first = [
      [1, 2, 3],
      [9, 2, 3],
      [1, 9, 3],
      [1, 2, 9],
    ].map(([seed, stream, step]) => randomWords(seed!, stream!, step!, 1)[0]);
    expect(new Set(first).size).toBe(4);
  });

  it("spreads uniform numbers evenly over [0, 1)", () => {
    const numbers = uniform01(1, 2, 3, 20_000);
    const bins = new Array<number>(10).fill(0);
    numbers.forEach((value) => bins[Math.floor(value * 10)]!++);
    expect(numbers.every((value) => value >= 0 && value < 1)).toBe(true);
    for (const bin of bins) expect(Math.abs(bin - 2000)).toBeLessThan(200);
  });

  it("hashes names as FNV-1a does", () => {
    expect([hashName(""), hashName("a"), hashName("foobar")]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });
});
