import * as ops from "../../ops/index.js";
import { dependencies, differentiate } from "../differentiate.js";
import { Graph, type Value } from "../graph.js";
import { hashName, randomWords } from "../philox.js";

/** A training step made at random: a graph, what it returns and which effects it has. */
export interface RandomStep {
  readonly graph: Graph;
  readonly taps: readonly Value[];
  readonly effects: readonly Value[];
}

const batch = 3;

type Step = (x: Value, pick: () => Value, name: string) => Value;

const channelsOf = (x: Value): number => x.shape[3]!;

const kernel = (x: Value, name: string): Value =>
  x.graph.parameter(name, [channelsOf(x), channelsOf(x), 3, 3]);

const vector = (x: Value, name: string): Value => x.graph.parameter(name, [channelsOf(x)]);

const layers: readonly Step[] = [
  (x) => ops.relu(x),
  (x, pick) => ops.add(x, pick()),
  (x, pick) => ops.relu(ops.add(x, pick())),
  (x) => ops.affine(ops.softplus(x), { multiply: 0.5, add: -0.3 }),
  (x, _, name) => ops.conv2d(x, kernel(x, `${name}.w`), { pad: [1, 1, 1, 1] }),
  (x, _, name) => ops.relu(normalized(x, name)),
  (x, pick, name) => ops.relu(ops.add(pick(), normalized(x, name))),
  (x, _, name) => ops.biasAdd(x, vector(x, `${name}.b`)),
  (x) => ops.reshape(ops.relu(ops.reshape(x, { shape: [batch, 16 * channelsOf(x)] })), { shape: x.shape }),
  (x, pick) => ops.slice(ops.concat([x, pick()], { axis: 3 }), { axis: 3, begin: 2, end: 2 + channelsOf(x) }),
  (x) => ops.dropout(x, x.graph.scalar("seed", "u32"), x.graph.scalar("step", "u32"), { rate: 0.3 }),
];

const normalized = (x: Value, name: string): Value =>
  ops.batchNorm(x, vector(x, `${name}.gamma`), vector(x, `${name}.beta`)).y;

/** A step with `size` layers whose branches join at random; the same seed gives the same graph. */
export const randomStep = (seed: number, size: number, channels = 4): RandomStep => {
  const words = randomWords(seed, hashName("random graph"), 0, 8 * size);
  let drawn = 0;
  const draw = (limit: number): number => words[drawn++ % words.length]! % limit;
  const graph = new Graph(`random ${seed}`);
  const values = [graph.input("image", [batch, 4, 4, channels])];
  const pick = (): Value => values[Math.max(0, values.length - 1 - draw(5))]!;
  for (let index = 0; index < size; index++) {
    const layer = layers[draw(layers.length)]!;
    values.push(graph.scope(`layer${index}`, () => layer(pick(), pick, `layer${index}`)));
  }
  const pooled = ops.globalAveragePool(ops.add(values[values.length - 1]!, pick()));
  const loss = ops.mean(ops.square(pooled), {}, "loss");
  return {
    graph,
    taps: [loss, pick()].filter(({ origin }) => origin.kind === "node"),
    effects: update(graph, loss),
  };
};

/** SGD on every parameter that the loss depends on. */
const update = (graph: Graph, loss: Value): readonly Value[] => {
  const trainable = dependencies(loss).filter(({ origin }) => origin.kind === "store");
  const gradients = differentiate(loss, trainable);
  const [rate, gradScale] = [graph.scalar("learningRate"), graph.scalar("gradScale")];
  return trainable.map((param, index) => {
    const velocity = graph.parameter(`${param.name}.velocity`, param.shape);
    return ops.sgd(param, gradients[index]!, velocity, rate, gradScale, { momentum: 0.9 }).param;
  });
};
