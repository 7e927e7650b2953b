import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCheckpointHeader } from "./checkpoint.js";
import { syntheticData } from "./testing/synthetic.js";
import type { EvaluationEvent, StepEvent, TrainingEvent } from "./events.js";
import type { TrainerOptions } from "./trainer-options.js";
import { Trainer } from "./trainer.js";

const data = syntheticData({ classes: 6, imageDimension: 10, textDimension: 8, rows: 48 });

const model = {
  image: { kind: "features", dimension: 10 },
  text: { kind: "vector", dimension: 8 },
  embedding: 12,
  head: { imageHidden: 0, dropout: 0.2, output: "batch-norm" },
  classifier: { bias: false, gain: 1 },
};

const instanceStage = {
  name: "one",
  epochs: 3,
  batchSize: 16,
  losses: { instance: {} },
  optimizer: { kind: "sgd" },
  learningRate: 0.2,
};

const rankingStage = {
  ...instanceStage,
  name: "two",
  epochs: 2,
  losses: { instance: { text: 0.1 }, ranking: { margin: 0.5, mining: "paper-a", candidates: 12 } },
  optimizer: { kind: "adam" },
  learningRate: 0.01,
  clip: { norm: 1 },
  average: { decay: 0.5 },
};

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "trainer-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const options = (extra: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model,
  curriculum: [instanceStage, rankingStage],
  data,
  evaluation: { batchSize: 20 },
  seed: 3,
  device: "cpu",
  threads: 1,
  ...extra,
});

interface Outcome {
  readonly events: readonly TrainingEvent[];
  readonly weights: Readonly<Record<string, number[]>>;
}

async function train(
  extra: Partial<TrainerOptions> = {},
  onEvent?: (event: TrainingEvent) => void,
): Promise<Outcome> {
  const trainer = new Trainer(options(extra));
  try {
    const events: TrainingEvent[] = [];
    for await (const event of trainer.run()) {
      events.push(event);
      onEvent?.(event);
    }
    const weights: Record<string, number[]> = {};
    for (const name of trainer.store.names())
      weights[name] = Array.from((await trainer.store.read(name)).data);
    return { events, weights };
  } finally {
    await trainer.dispose();
  }
}

const stepsOf = (events: readonly TrainingEvent[]): readonly StepEvent[] =>
  events.filter((event): event is StepEvent => event.type === "step");

const lossesOf = (events: readonly TrainingEvent[]): readonly number[] =>
  stepsOf(events).map(({ loss }) => loss);

const evaluationsOf = (events: readonly TrainingEvent[]): readonly EvaluationEvent[] =>
  events.filter((event): event is EvaluationEvent => event.type === "evaluation");

describe("a curriculum of two stages", () => {
  it("learns synthetic classes and reports in order", async () => {
    const { events } = await train();
    const losses = lossesOf(events);
    expect(losses).toHaveLength(3 * 3 + 2 * 3);
    expect(losses[8]!).toBeLessThan(0.7 * losses[0]!);
    expect(evaluationsOf(events).at(-1)!.result.main.imageToText.r1).toBeGreaterThan(60);
    expect(events[0]).toMatchObject({ type: "stage-start", stage: "one", stepsPerEpoch: 3, resumed: false });
    expect(events.at(-1)).toEqual({ type: "done", steps: 15 });
  });

  it("leaves checkpoints that tell how new photos and sentences are read", async () => {
    const image = { size: [8, 8], fit: "cover", area: 0.9 } as const;
    const text = { length: 8, position: 0.5, lowerCase: true, words: ["a", "dog"] };
    const evaluation = { batchSize: 20, flip: true, positions: "all" };
    const preprocessing = { image, text };
    await train({ data: { ...data, preprocessing }, evaluation, directory, curriculum: [instanceStage] });
    const { inputs } = await readCheckpointHeader(join(directory, "stage-one.safetensors"));
    expect(inputs).toEqual({ preprocessing, views: { flip: true, positions: "all", unitViews: false } });
    await train({ directory: join(directory, "silent"), curriculum: [instanceStage] });
    const silent = await readCheckpointHeader(join(directory, "silent", "stage-one.safetensors"));
    expect(silent.inputs).toBeUndefined();
  });

  it("reports every loss, the rate, the norm where it is clipped, and the share of waiting", async () => {
    const { events } = await train({ evaluation: undefined });
    const [first, second] = [stepsOf(events)[0]!, stepsOf(events).at(-1)!];
    expect(Object.keys(first.losses)).toEqual(["instance.image", "instance.text"]);
    expect(first.gradientNorm).toBeUndefined();
    expect(Object.keys(second.losses)).toEqual(["instance.image", "instance.text", "ranking"]);
    expect(second).toMatchObject({ stage: "two", learningRate: 0.01, stageStep: 6, step: 15 });
    expect(second.gradientNorm).toBeGreaterThan(0);
    expect(second.inputWaitFraction).toBeGreaterThanOrEqual(0);
    expect(second.inputWaitFraction).toBeLessThanOrEqual(1);
    const { losses, loss } = second;
    expect(loss).toBeCloseTo(
      losses["instance.image"]! + 0.1 * losses["instance.text"]! + losses["ranking"]!,
      5,
    );
  });

  it("the same seed gives the same bits and another seed others", async () => {
    const [first, again, other] = [await train(), await train(), await train({ seed: 4 })];
    expect(again.weights).toEqual(first.weights);
    expect(lossesOf(again.events)).toEqual(lossesOf(first.events));
    expect(lossesOf(other.events)).not.toEqual(lossesOf(first.events));
  });

  it("leaves only model parameters in the store at the end", async () => {
    const { weights } = await train({ evaluation: undefined });
    const names = new Trainer(options()).model.parameters.map(({ name }) => name);
    expect(Object.keys(weights).sort()).toEqual([...names].sort());
  });

  it("does not touch what is frozen, and moves no statistics there", async () => {
    const frozen = { ...instanceStage, trainable: ["image", "classifier"] };
    const untouched = await train({ curriculum: [{ ...frozen, epochs: 1 }], evaluation: undefined });
    const longer = await train({ curriculum: [{ ...frozen, epochs: 2 }], evaluation: undefined });
    for (const [name, values] of Object.entries(untouched.weights)) {
      if (name.startsWith("text.")) expect(longer.weights[name]).toEqual(values);
    }
    expect(longer.weights["image.head.fc1.weight"]).not.toEqual(untouched.weights["image.head.fc1.weight"]);
  });
});

describe("resuming", () => {
  it.each([1, 4, 9, 10, 14])(
    "after %i steps ends in the bits of the run that never stopped",
    async (steps) => {
      const whole = await train({ directory: join(directory, "whole") });
      const stop = new AbortController();
      const part = { directory: join(directory, "part"), resume: true };
      const before = await train({ ...part, signal: stop.signal }, (event) => {
        if (event.type === "step" && event.step === steps) stop.abort();
      });
      expect(before.events.at(-1)).toMatchObject({ type: "aborted", step: steps });
      const after = await train(part);
      expect(after.weights).toEqual(whole.weights);
      expect([...lossesOf(before.events), ...lossesOf(after.events)]).toEqual(lossesOf(whole.events));
      expect(evaluationsOf(after.events).at(-1)?.result).toEqual(evaluationsOf(whole.events).at(-1)?.result);
    },
  );

  it("a checkpoint inside an epoch resumes as well as one at its end", async () => {
    const whole = await train();
    const part = { directory, resume: true, checkpointEvery: 2 };
    const trainer = new Trainer(options(part));
    for await (const event of trainer.run()) if (event.type === "checkpoint" && event.step === 8) break;
    await trainer.dispose();
    const after = await train(part);
    expect(stepsOf(after.events)[0]!.step).toBe(9);
    expect(after.weights).toEqual(whole.weights);
  });

  it("a finished run has nothing left to do", async () => {
    await train({ directory });
    const again = await train({ directory, resume: true });
    expect(again.events).toEqual([{ type: "done", steps: 15 }]);
  });

  it("refuses a checkpoint of another model, curriculum or seed and names the first difference", async () => {
    await train({ directory, evaluation: undefined, curriculum: [{ ...instanceStage, epochs: 1 }] });
    const resumed = (extra: Partial<TrainerOptions>) =>
      train({
        directory,
        resume: true,
        evaluation: undefined,
        curriculum: [{ ...instanceStage, epochs: 1 }],
        ...extra,
      });
    await expect(resumed({ model: { ...model, embedding: 16 } })).rejects.toMatchObject({
      code: "CHECKPOINT_MODEL",
      message: expect.stringContaining("another model: model.embedding: expected 16, got 12"),
    });
    await expect(resumed({ seed: 9 })).rejects.toThrow("seed: expected 9, got 3");
    await expect(resumed({ curriculum: [instanceStage] })).rejects.toThrow(
      "another curriculum: curriculum.0.epochs",
    );
  });
});

describe("stopping and choosing", () => {
  it("an aborted run stops at the next step and leaves a checkpoint", async () => {
    const stop = new AbortController();
    const { events } = await train({ directory, signal: stop.signal }, (event) => {
      if (event.type === "step") stop.abort();
    });
    expect(stepsOf(events)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({
      type: "aborted",
      step: 1,
      path: join(directory, "last.safetensors"),
    });
  });

  it("a stage ends when its metric has not risen for as long as its patience", async () => {
    const stage = {
      ...instanceStage,
      epochs: 9,
      learningRate: 1e-12,
      stop: { patience: 2, metric: "imageToText.r1" },
    };
    const { events } = await train({ curriculum: [stage] });
    expect(events.find(({ type }) => type === "stage-end")).toMatchObject({ reason: "patience" });
    expect(evaluationsOf(events).length).toBeLessThan(9);
  });

  it("the next stage starts from the best weights where it is told to", async () => {
    const noisy = { ...instanceStage, epochs: 2 };
    const ruined = { ...instanceStage, name: "ruined", epochs: 2, learningRate: 40 };
    const untouched = { epochs: 1, learningRate: 1e-12, trainable: ["classifier"], startFrom: "best" };
    const frozenStage = { ...instanceStage, name: "after", ...untouched };
    for (const place of [{ directory }, {}]) {
      const { events } = await train({ ...place, curriculum: [noisy, ruined, frozenStage] });
      const metrics = evaluationsOf(events).map(({ stage, metric }) => ({ stage, metric }));
      const best = Math.max(...metrics.filter(({ stage }) => stage === "ruined").map(({ metric }) => metric));
      expect(metrics.at(-1)!.metric).toBe(best);
    }
  });

  it("writes last, best and stage files and no unfinished ones", async () => {
    await train({ directory });
    expect((await readdir(directory)).sort()).toEqual([
      "best-one.safetensors",
      "best-two.safetensors",
      "last.safetensors",
      "stage-one.safetensors",
      "stage-two.safetensors",
    ]);
  });
});

describe("bad input", () => {
  it("names the place of a mistake in a curriculum", () => {
    expect(
      () => new Trainer(options({ curriculum: [{ ...instanceStage, losses: { instances: {} } }] })),
    ).toThrow("losses");
    expect(() => new Trainer(options({ curriculum: [instanceStage, instanceStage] }))).toThrow("same name");
    const odd = { ...rankingStage, batchSize: 15 };
    expect(() => new Trainer(options({ curriculum: [odd] }))).toThrow("even batch size");
  });

  it("refuses data that do not fit the model", () => {
    const other = syntheticData({ classes: 6, imageDimension: 11, textDimension: 8, rows: 48 });
    expect(() => new Trainer(options({ data: other }))).toThrow(
      "image features: expected model.image.dimension = 10, got 11",
    );
    const texts = syntheticData({ classes: 6, imageDimension: 10, textDimension: 9, rows: 48 });
    expect(() => new Trainer(options({ data: texts }))).toThrow("text length");
  });

  it("refuses a batch larger than the data, a seed out of range and a stop without evaluation", () => {
    expect(() => new Trainer(options({ curriculum: [{ ...instanceStage, batchSize: 64 }] }))).toThrow(
      "batch size 64",
    );
    expect(() => new Trainer(options({ seed: -1 }))).toThrow("seed");
    const stopping = [{ ...instanceStage, stop: { patience: 1 } }];
    expect(() => new Trainer(options({ curriculum: stopping, evaluation: undefined }))).toThrow(
      "needs an evaluation",
    );
  });

  it.each(["trainable", "frozen"])("a glob under %s that matches no parameter is named", (place) => {
    const misspelt = { ...instanceStage, [place]: ["image", "txet.**"] };
    const trainer = () => new Trainer(options({ curriculum: [misspelt] }));
    expect(trainer).toThrow(`stage 'one': ${place}: 'txet.**' matches no parameter of the model`);
  });

  it("a stage in which nothing learns is refused", async () => {
    const nothing = { ...instanceStage, frozen: ["**"] };
    await expect(train({ curriculum: [nothing] })).rejects.toThrow("no parameter learns");
  });

  it("a class out of range and a missing candidate are named", async () => {
    const broken = { ...data, classes: 5 };
    await expect(train({ data: broken })).rejects.toMatchObject({ code: "BATCH" });
    const without = {
      ...data,
      batches: ({ candidates: _candidates, ...rest }: Parameters<typeof data.batches>[0]) =>
        data.batches(rest),
    };
    await expect(train({ data: without, curriculum: [rankingStage] })).rejects.toThrow("candidateText");
  });

  it("a loss that is no number stops the run and says where", async () => {
    const wild = { ...instanceStage, learningRate: 1e38 };
    await expect(train({ curriculum: [wild], evaluation: undefined })).rejects.toMatchObject({
      code: "NON_FINITE",
    });
  });
});

describe("paper B's two-branch network", () => {
  const stage = {
    name: "two-branch",
    epochs: 12,
    batchSize: 12,
    neighbours: { images: 2, texts: 3 },
    losses: { structure: { margin: 0.2, violations: 5, images: 0.1, texts: 0.1 } },
    optimizer: { kind: "adam" },
    learningRate: 0.01,
  };
  const twoBranch = options({
    model: {
      ...model,
      head: { imageHidden: 16, textHidden: 16, hidden: "relu", output: "batch-norm", hiddenDropout: 0.1 },
      classifier: "none",
    },
    curriculum: [stage],
  });

  it("learns to match the classes of feature vectors, the same way every time", async () => {
    const first = await train(twoBranch);
    const evaluations = first.events.filter((event): event is EvaluationEvent => event.type === "evaluation");
    const [before, after] = [evaluations[0]!, evaluations.at(-1)!].map(({ result }) => result.main.rsum);
    expect(after).toBeGreaterThan(before! + 20);
    expect(after).toBeGreaterThan(550);
    expect((await train(twoBranch)).weights).toEqual(first.weights);
  });
});
