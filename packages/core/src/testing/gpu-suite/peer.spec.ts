import { describe, expect, it } from "vitest";
import { compare } from "./peer.js";

const ours = [
  { precision: "f32", batch: 32, imagesPerSecond: 300 },
  { precision: "tf32", batch: 32, imagesPerSecond: 600 },
];

describe("comparison with PyTorch", () => {
  it("takes the fastest mode of the same batch size and precision", () => {
    const peers = [
      { mode: "eager", precision: "f32", batch: 32, imagesPerSecond: 100 },
      { mode: "compile", precision: "f32", batch: 32, imagesPerSecond: 150 },
      { mode: "compile", precision: "bf16", batch: 32, imagesPerSecond: 900 },
      { mode: "compile", precision: "f32", batch: 128, imagesPerSecond: 900 },
    ];
    expect(compare(ours, peers)).toEqual([
      { precision: "f32", batch: 32, ours: 300, peer: 150, mode: "compile", ratio: 2 },
    ]);
  });

  it("leaves out what PyTorch could not measure", () => {
    const peers = [{ mode: "compile", precision: "tf32", batch: 32, error: "out of memory" }];
    expect(compare(ours, peers)).toEqual([]);
  });
});
