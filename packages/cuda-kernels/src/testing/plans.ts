import type { Place, Plan, PlanNode, PlanValue } from "../plan.js";

/** Plans for tests, from a list of values and nodes by name. */
interface Sketch {
  readonly name?: string;
  readonly values: Readonly<Record<string, { shape: number[]; place: Place; dtype?: PlanValue["dtype"] }>>;
  readonly nodes: readonly {
    op: string;
    inputs: string[];
    outputs: string[];
    attrs?: PlanNode["attrs"];
    name?: string;
  }[];
  readonly taps: readonly string[];
  readonly arenaBytes: number;
}

export const feed: Place = { kind: "feed" };
export const stored: Place = { kind: "store" };
export const arena = (offset: number): Place => ({ kind: "arena", offset });

export function planOf(sketch: Sketch): Plan {
  const names = Object.keys(sketch.values);
  const id = (name: string): number => names.indexOf(name);
  const values = Object.entries(sketch.values).map(([name, value]) => ({
    name,
    dtype: "f32" as const,
    ...value,
  }));
  return {
    version: 1,
    name: sketch.name ?? "tested",
    values,
    nodes: sketch.nodes.map((node) => ({
      op: node.op,
      name: node.name ?? node.op,
      inputs: node.inputs.map(id),
      outputs: node.outputs.map(id),
      attrs: node.attrs ?? {},
    })),
    feeds: values.flatMap((value, index) => (value.place.kind === "feed" ? [index] : [])),
    scalars: values.flatMap((value) =>
      value.place.kind === "scalar"
        ? [{ name: value.name, dtype: value.dtype === "u32" ? "u32" : "f32" }]
        : [],
    ),
    taps: sketch.taps.map(id),
    arenaBytes: sketch.arenaBytes,
  };
}

const product = { transposeA: false, transposeB: false };

/** y = x w, with x fed and w stored, all `size` square. */
export function productPlan(size: number): Plan {
  return planOf({
    name: "product",
    values: {
      x: { shape: [size, size], place: feed },
      w: { shape: [size, size], place: stored },
      y: { shape: [size, size], place: arena(0) },
    },
    nodes: [{ op: "matmul", inputs: ["x", "w"], outputs: ["y"], attrs: product }],
    taps: ["y"],
    arenaBytes: Math.ceil((size * size * 4) / 64) * 64,
  });
}

/** y = ReLU(x w + bias), with x fed, w and bias stored, all `size` long or square. */
export function biasedPlan(size: number): Plan {
  return planOf({
    name: "biased",
    values: {
      x: { shape: [size, size], place: feed },
      w: { shape: [size, size], place: stored },
      bias: { shape: [size], place: stored },
      y: { shape: [size, size], place: arena(0) },
    },
    nodes: [
      { op: "matmulBias", inputs: ["x", "w", "bias"], outputs: ["y"], attrs: { ...product, relu: true } },
    ],
    taps: ["y"],
    arenaBytes: Math.ceil((size * size * 4) / 64) * 64,
  });
}

/** Mean and variance of each of 4 channels of y, a convolution of x, with 4 pixels and 1x1 weights fed in bf16. */
export function normalisedPlan(): Plan {
  const bf16 = { dtype: "bf16" } as const;
  return planOf({
    name: "normalised",
    values: {
      x: { shape: [1, 2, 2, 4], place: feed, ...bf16 },
      filter: { shape: [4, 4, 1, 1], place: feed, ...bf16 },
      gamma: { shape: [4], place: feed },
      beta: { shape: [4], place: feed },
      y: { shape: [1, 2, 2, 4], place: arena(0), ...bf16 },
      z: { shape: [1, 2, 2, 4], place: arena(64), ...bf16 },
      mean: { shape: [4], place: arena(128) },
      variance: { shape: [4], place: arena(192) },
    },
    nodes: [
      {
        op: "conv2d",
        inputs: ["x", "filter"],
        outputs: ["y"],
        attrs: { stride: [1, 1], pad: [0, 0, 0, 0], dilation: [1, 1], groups: 1 },
      },
      {
        op: "batchNorm",
        inputs: ["y", "gamma", "beta"],
        outputs: ["z", "mean", "variance"],
        attrs: { epsilon: 1e-5, activation: "none" },
      },
    ],
    taps: ["mean", "variance"],
    arenaBytes: 256,
  });
}

/** y = x w w ... w, `links` times: work that takes a while. */
export function longPlan(size: number, links: number): Plan {
  const bytes = size * size * 4;
  const names = Array.from({ length: links }, (_, link) => `y${link}`);
  return planOf({
    name: "long",
    values: {
      x: { shape: [size, size], place: feed },
      w: { shape: [size, size], place: stored },
      ...Object.fromEntries(
        names.map((name, link) => [name, { shape: [size, size], place: arena((link % 2) * bytes) }]),
      ),
    },
    nodes: names.map((name, link) => ({
      op: "matmul",
      name,
      inputs: [names[link - 1] ?? "x", "w"],
      outputs: [name],
      attrs: product,
    })),
    taps: [],
    arenaBytes: 2 * bytes,
  });
}

/** y = x * rate, with x of `count` elements fed and rate a scalar. */
export function scalePlan(count: number): Plan {
  return planOf({
    name: "scaled",
    values: {
      x: { shape: [count], place: feed },
      rate: { shape: [], place: { kind: "scalar", index: 0 } },
      y: { shape: [count], place: arena(0) },
    },
    nodes: [{ op: "scale", inputs: ["x", "rate"], outputs: ["y"] }],
    taps: ["y"],
    arenaBytes: Math.ceil((count * 4) / 64) * 64,
  });
}

/** y = log(x), which has no value below 0. */
export function logPlan(count: number): Plan {
  return planOf({
    name: "logarithm",
    values: { x: { shape: [count], place: feed }, y: { shape: [count], place: arena(0) } },
    nodes: [{ op: "log", name: "risky", inputs: ["x"], outputs: ["y"] }],
    taps: ["y"],
    arenaBytes: Math.ceil((count * 4) / 64) * 64,
  });
}
