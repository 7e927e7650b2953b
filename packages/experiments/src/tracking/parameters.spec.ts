import { describe, expect, it } from "vitest";
import { flattenParameters } from "./parameters.js";

describe("parameters for the tracking server", () => {
  it("are the resolved config, flat, stages by their names", () => {
    const config = {
      seed: 3,
      curriculum: [{ name: "stage-I", trainable: ["**"], losses: { instance: { weight: 1 } } }],
    };
    expect(flattenParameters(config)).toEqual({
      seed: "3",
      "curriculum.stage-I.trainable": '["**"]',
      "curriculum.stage-I.losses.instance.weight": "1",
    });
  });

  it("hold the log10 of every learning rate, since the charts have no logarithmic axes", () => {
    const flat = flattenParameters({ curriculum: [{ name: "one", learningRate: 0.001 }] });
    expect(flat).toEqual({
      "curriculum.one.learningRate": "0.001",
      "curriculum.one.log10_learningRate": "-3",
    });
  });

  it("leave out names, tracking and what is undefined, and cut what is too long", () => {
    const flat = flattenParameters({
      name: "x",
      tracking: { kind: "none" },
      a: undefined,
      b: "y".repeat(7000),
    });
    expect(Object.keys(flat)).toEqual(["b"]);
    expect(flat["b"]).toHaveLength(6000);
  });
});
