import { opCase, sumTolerance, type OpCase } from "./cases.js";
import { exactly, signed, type Numbers } from "./numbers.js";

const squared =
  (...shape: number[]): Numbers =>
  (name) => {
    const { data, ...type } = signed(...shape)(name);
    return { ...type, data: data.map((value) => Math.fround(value * value)) };
  };

type Makers = Readonly<Record<string, (...shape: number[]) => Numbers>>;

/** The inputs of one group per shape, named as a repeating op's row names them. */
const groups = (shapes: readonly number[][], makers: Makers): Record<string, Numbers> =>
  Object.fromEntries(
    shapes.flatMap((shape, group) =>
      Object.entries(makers).map(([name, make]) => [group === 0 ? name : `${name}${group}`, make(...shape)]),
    ),
  );

const learningRate = exactly("f32", [], 0.1);
const gradScale = exactly("f32", [], 0.5);

const sgdCase = (title: string, attrs: Record<string, unknown>, ...shapes: number[][]): OpCase => {
  const slots = groups(shapes, { param: signed, grad: signed, velocity: signed });
  return opCase(title, { learningRate, gradScale, ...slots }, { attrs });
};

const adamCase = (
  title: string,
  count: number,
  attrs: Record<string, unknown>,
  ...shapes: number[][]
): OpCase => {
  const slots = groups(shapes, { param: signed, grad: signed, m: signed, v: squared });
  const step = exactly("u32", [], count);
  return opCase(title, { learningRate, step, gradScale, ...slots }, { attrs, tolerance: sumTolerance });
};

const averageCase = (title: string, attrs: Record<string, unknown>, ...shapes: number[][]): OpCase =>
  opCase(title, groups(shapes, { state: signed, x: signed }), { attrs });

const squaresCase = (title: string, gradients: readonly string[], ...shapes: number[][]): OpCase =>
  opCase(title, groups(shapes, { x: signed }), { gradients, tolerance: sumTolerance });

/** Of more than one piece, of one element, and of several axes. */
const several = [[3, 3, 3, 3], [5000], [1], [4, 7]];

export const optimizerCases: Readonly<Record<string, readonly OpCase[]>> = {
  sumSquares: [
    squaresCase("[4, 3]", ["x"], [4, 3]),
    squaresCase("[9000]", [], [9000]),
    squaresCase("[]", [], []),
    squaresCase("several", [], ...several),
    squaresCase("two", ["x", "x1"], [2, 3], [4]),
  ],
  clipScale: [
    opCase("too large", { total: exactly("f32", [], 16) }, { attrs: { maximum: 1 } }),
    opCase("small enough", { total: exactly("f32", [], 0.25) }, { attrs: { maximum: 1 } }),
    opCase("zero", { total: exactly("f32", [], 0) }, { attrs: { maximum: 1 } }),
  ],
  sgd: [
    sgdCase("plain", {}, [5]),
    sgdCase("momentum and weight decay", { momentum: 0.9, weightDecay: 0.01 }, [4, 7]),
    sgdCase("Nesterov", { momentum: 0.9, nesterov: true, weightDecay: 0.01 }, [3, 3, 3, 3]),
    sgdCase("several", { momentum: 0.9, weightDecay: 0.01 }, ...several),
  ],
  adam: [
    adamCase("first step", 1, {}, [5]),
    adamCase("weight decay", 10, { weightDecay: 0.1, beta1: 0.8, beta2: 0.95 }, [4, 7]),
    adamCase("decoupled weight decay", 1000, { weightDecay: 0.1, decoupled: true }, [33]),
    adamCase("several", 10, { weightDecay: 0.1 }, ...several),
  ],
  movingAverage: [
    averageCase("plain", { decay: 0.9 }, [7]),
    averageCase("corrected", { decay: 0.99, correction: 1.25 }, [4, 5]),
    averageCase("several", { decay: 0.99 }, ...several),
  ],
};
