import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import { conv2d } from "../ops/index.js";
import { createBuildContext } from "./context.js";
import { convolution } from "./convolution.js";

const [ROWS, CHANNELS, OUTPUTS] = [3, 4, 5];

describe("the text CNN's halving convolution", () => {
  it.each([8, 7, 2, 1])("is the strided 1x2 convolution with one left pad at length %i", async (length) => {
    const graph = new Graph("halving");
    const x = graph.input("x", [ROWS, 1, length, CHANNELS]);
    const options = { channels: OUTPUTS, kernel: [1, 2], stride: [1, 2], pad: [0, 0, 1, 0] } as const;
    const context = createBuildContext(graph, { mode: "train" });
    const y = convolution(context, x, "conv", { ...options, initializer: { kind: "xavier" } });
    const weight = graph.find("conv.weight")!;
    const expected = conv2d(x, weight, { stride: [1, 2], pad: [0, 0, 1, 0] }, "expected");
    expect(y.shape).toEqual(expected.shape);
    const store = Store.open({ device: "reference" });
    await store.write("conv.weight", weight.shape, "f32", uniform01(1, 1, 1, OUTPUTS * CHANNELS * 2));
    const program = await store.compile(graph, { taps: { y, expected } });
    const taps = await program.step({ x: uniform01(1, 2, 1, ROWS * length * CHANNELS) });
    expect(taps["y"]).toEqual(taps["expected"]);
  });
});
