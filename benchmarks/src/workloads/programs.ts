import {
  createBuildContext,
  declareImage,
  differentiate,
  dualPath,
  Graph,
  initialize,
  initialValue,
  mean,
  modelSchema,
  multiply,
  retrieval,
  sgd,
  Store,
  textCnn,
  type ParameterDeclaration,
  type Program,
  type Value,
} from "@dualpath/core";
import { numbers } from "./synthetic.js";
import { timed, type Settings, type Loaded } from "./workload.js";

/** Forward, backward and update of paper A's text CNN alone; the loss is the mean square of its feature. */
export async function textCnnStep({ threads, batch, vocabulary }: Settings): Promise<Loaded> {
  const store = Store.open({ device: "cpu", threads });
  const graph = new Graph("text-cnn");
  const context = createBuildContext(graph, { mode: "train" });
  const { text: config } = modelSchema.parse({
    image: { kind: "resnet", depth: 50 },
    text: { kind: "text-cnn" },
  });
  if (config.kind !== "text-cnn") throw new TypeError(`expected a text CNN, got '${config.kind}'`);
  const ids = graph.input("text", [batch, config.length], "i32");
  const feature = textCnn(context, ids, "text", config, vocabulary);
  const loss = mean(multiply(feature, feature), { axes: [0, 1] });
  const updates = sgdUpdates(
    context.declarations.values(),
    (declaration) => context.parameter(declaration),
    loss,
  );
  await fill(store, context.declarations.values());
  const program = await store.compile(graph, { taps: { loss }, effects: [...updates, ...context.updates] });
  const word = numbers(vocabulary);
  const text = Int32Array.from({ length: batch * config.length }, () => 1 + word());
  return timed(() => program.step({ text }, { rate: 1e-3, gradientScale: 1 }));
}

function sgdUpdates(
  declarations: Iterable<ParameterDeclaration>,
  parameterOf: (declaration: ParameterDeclaration) => Value,
  loss: Value,
): Value[] {
  const weights = [...declarations].filter(({ kind }) => kind === "weight");
  const values = weights.map(parameterOf);
  const gradients = differentiate(loss, values);
  const { graph } = loss;
  const [rate, scale] = [graph.scalar("rate"), graph.scalar("gradientScale")];
  const rule = { momentum: 0.9, nesterov: true, weightDecay: 1e-4 };
  return values.map((value, index) => {
    const { name, shape } = weights[index]!;
    const velocity = graph.parameter(velocityOf(name), shape);
    return sgd(value, gradients[index]!, velocity, rate, scale, rule).param;
  });
}

const velocityOf = (name: string): string => `velocity/${name}`;

async function fill(store: Store, declarations: Iterable<ParameterDeclaration>): Promise<void> {
  for (const { name, shape, initializer } of declarations) {
    await store.write(name, shape, "f32", initialValue(initializer, shape, 0, name));
    await store.write(velocityOf(name), shape, "f32", new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }
}

/** MobileNetV2's pooled feature, without training. */
export async function mobileNetV2Forward({ threads, batch }: Settings): Promise<Loaded> {
  const store = Store.open({ device: "cpu", threads });
  const model = dualPath(
    { image: { kind: "mobilenet-v2" }, text: { kind: "vector", dimension: 1 } },
    { classes: 1, vocabulary: 1 },
  );
  await initialize(store, model, 0);
  const graph = new Graph("mobilenet-v2");
  const input = declareImage(graph, model.config, batch);
  const { feature } = model.buildImage(createBuildContext(graph, { mode: "evaluate" }), input);
  const program: Program = await store.compile(graph, { taps: { feature } });
  const pixel = numbers(256);
  const image = Uint8Array.from({ length: batch * 224 * 224 * 3 }, pixel);
  const box = Float32Array.from({ length: batch * 5 }, (_, index) => [0, 0, 224, 224, 0][index % 5]!);
  return timed(() => program.step({ image, box }));
}

/** Ranks of both directions from unit embeddings. */
export function recall({ threads, images, texts, dimension }: Settings): Loaded {
  const store = Store.open({ device: "cpu", threads });
  const number = numbers(2 ** 16);
  const rows = (count: number) => ({
    embedding: Float32Array.from({ length: count * dimension }, () => number() / 2 ** 15 - 1),
    labels: Int32Array.from({ length: count }, (_, row) => row % images),
  });
  const input = { images: rows(images), texts: rows(texts), dimension };
  return timed(() => retrieval(store, input));
}
