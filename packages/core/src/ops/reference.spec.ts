import { describe, expect, it } from "vitest";
import { Graph, type Value } from "../graph/graph.js";
import { evaluate } from "../graph/interpret.js";
import type { DType } from "../graph/types.js";
import * as ops from "./index.js";

/** Evaluates an op on numbers: `feed(shape, numbers)` makes its inputs. */
const compute = (
  build: (feed: (shape: number[], data: readonly number[], dtype?: DType) => Value, graph: Graph) => Value,
): number[] => {
  const graph = new Graph("g");
  const numbers: Record<string, Float64Array> = {};
  const feed = (shape: number[], data: readonly number[], dtype: DType = "f32"): Value => {
    const name = `input${Object.keys(numbers).length}`;
    numbers[name] = Float64Array.from(data);
    return graph.input(name, shape, dtype);
  };
  return [...evaluate([build(feed, graph)], numbers)[0]!];
};

const rounded = (values: readonly number[]): number[] => values.map((value) => Math.round(value * 1e6) / 1e6);

describe("references, against numbers worked out by hand", () => {
  it("convolution crosses the kernel over the padded input", () => {
    const y = compute((feed) =>
      ops.conv2d(feed([1, 1, 3, 1], [1, 2, 3]), feed([1, 1, 1, 2], [10, 1]), { pad: [0, 0, 0, 1] }),
    );
    expect(y).toEqual([12, 23, 30]);
  });

  it("batch norm uses the biased variance", () => {
    const y = compute(
      (feed) => ops.batchNorm(feed([2, 1], [1, 3]), feed([1], [2]), feed([1], [5]), { epsilon: 0 }).y,
    );
    expect(y).toEqual([3, 7]);
  });

  it("smoothed cross-entropy mixes the label with all classes", () => {
    const loss = compute(
      (feed) =>
        ops.softmaxCrossEntropy(feed([1, 2], [0, Math.log(3)]), feed([1], [1], "i32"), { smoothing: 0.2 })
          .loss,
    );
    expect(rounded(loss)).toEqual(rounded([-0.9 * Math.log(0.75) - 0.1 * Math.log(0.25)]));
  });

  const ranking = (attrs: Partial<Parameters<typeof ops.rankingHinge>[3]>, rows = [7]): number[] =>
    compute((feed) =>
      ops.rankingHinge(
        feed([1, 5], [0.5, 0.1, 0.4, 0.9, -0.9]),
        feed([1], rows, "i32"),
        feed([5], [7, 7, 8, 8, 8], "i32"),
        { margin: 0.2, ...attrs },
      ),
    );

  it("ranking sums the violations of all pairs", () => {
    expect(rounded(ranking({}))).toEqual([2.2]);
  });

  it("ranking takes the hardest negative of each positive, or the k worst pairs", () => {
    expect(rounded(ranking({ mining: "hardest" }))).toEqual([1.6]);
    expect(rounded(ranking({ mining: "topk", k: 1 }))).toEqual([1]);
  });

  it("ranking drops the diagonal from the positives when asked", () => {
    expect(rounded(ranking({ excludeDiagonal: true }))).toEqual([1.5]);
  });

  it("ranking without a positive costs nothing", () => {
    expect(ranking({}, [3])).toEqual([0]);
  });

  it("embedding gives the bias alone at padding", () => {
    const y = compute((feed) =>
      ops.embedding(feed([2, 1], [10, 20]), feed([1], [0.5]), feed([1, 3], [2, 0, 1], "i32")),
    );
    expect(y).toEqual([20.5, 0.5, 10.5]);
  });

  it("crop and resize samples pixel centres, mirrors, and normalises", () => {
    const crop = (flip: number): number[] =>
      compute((feed) =>
        ops.cropResize(
          feed([1, 1, 4, 3], [0, 0, 0, 10, 10, 10, 20, 20, 20, 30, 30, 30], "u8"),
          feed([1, 5], [0, 0, 1, 4, flip]),
          { size: [1, 2], mean: [5, 0, 0], scale: [1, 2, 0] },
        ),
      );
    expect(crop(0)).toEqual([0, 10, 0, 20, 50, 0]);
    expect(crop(1)).toEqual([20, 50, 0, 0, 10, 0]);
  });

  it("dropout keeps what its random number allows and scales it", () => {
    const y = compute((feed) =>
      ops.dropout(feed([1000], new Array<number>(1000).fill(1)), feed([], [1], "u32"), feed([], [2], "u32"), {
        rate: 0.25,
      }),
    );
    const kept = y.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([4 / 3]));
    expect(Math.abs(kept.length - 750)).toBeLessThan(60);
  });

  it("dropout draws another mask for another node, unless a stream is given", () => {
    const masks = (...streams: (number | undefined)[]): number[][] =>
      streams.map((stream, index) =>
        compute((feed) =>
          ops.dropout(
            feed([64], new Array<number>(64).fill(1)),
            feed([], [1], "u32"),
            feed([], [2], "u32"),
            { rate: 0.5, ...(stream === undefined ? {} : { stream }) },
            `drop${index}`,
          ),
        ),
      );
    const [first, second] = masks(undefined, undefined);
    expect(first).not.toEqual(second);
    const [third, fourth] = masks(9, 9);
    expect(third).toEqual(fourth);
  });

  it("average pooling leaves padding out of the mean unless told to count it", () => {
    const pool = (countPad: boolean): number[] =>
      compute((feed) =>
        ops.averagePool(feed([1, 1, 2, 1], [2, 4]), {
          window: [1, 2],
          stride: [1, 2],
          pad: [0, 0, 1, 1],
          countPad,
        }),
      );
    expect([pool(false), pool(true)]).toEqual([
      [2, 4],
      [1, 2],
    ]);
  });

  it("SGD and Adam take PyTorch's steps", () => {
    const graph = new Graph("g");
    const names = ["w", "velocity", "m", "v"].map((name) => graph.parameter(name, [1]));
    const [w, velocity, m, v] = names as [Value, Value, Value, Value];
    const [gradient, rate, one] = [graph.input("gradient", [1]), graph.scalar("rate"), graph.scalar("one")];
    const nesterov = ops.sgd(w, gradient, velocity, rate, one, {
      momentum: 0.9,
      nesterov: true,
      weightDecay: 0.1,
    });
    const decoupled = ops.adam(w, gradient, m, v, rate, graph.scalar("step", "u32"), one, {
      weightDecay: 0.1,
      decoupled: true,
    });
    const numbers = { w: 2, velocity: 1, m: 0.5, v: 0.25, gradient: 3, rate: 0.1, one: 1, step: 2 };
    const arrays = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, Float64Array.of(value)]),
    );
    const [afterSgd, afterAdam] = evaluate([nesterov.param, decoupled.param], arrays).map(
      ([value]) => value!,
    );
    const g = 3 + 0.1 * 2;
    expect(afterSgd).toBeCloseTo(2 - 0.1 * (g + 0.9 * (0.9 * 1 + g)), 12);
    const [first, second] = [0.9 * 0.5 + 0.1 * 3, 0.999 * 0.25 + 0.001 * 9];
    const bias = Math.sqrt(second / (1 - 0.999 ** 2)) + 1e-8;
    expect(afterAdam).toBeCloseTo(2 * (1 - 0.1 * 0.1) - (0.1 * first) / (1 - 0.9 ** 2) / bias, 12);
  });

  it("bf16 rounds to the nearest, ties to even", () => {
    const values = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -7, -3.1415927];
    const y = compute((feed) => ops.cast(feed([5], values), { dtype: "bf16" }));
    expect(y).toEqual([1, 1, 1 + 2 ** -6, 1 + 2 ** -7, -3.140625]);
  });
});
