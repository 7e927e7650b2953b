import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../engine/store.js";
import type { TypedArray } from "../graph/types.js";
import type { DualPath } from "../models/dual-path.js";
import {
  loadTensors,
  saveCheckpoint,
  type CheckpointContents,
  type ModelInputs,
  type Progress,
  type RunDescription,
} from "./checkpoint.js";
import { TrainingError } from "./errors.js";
import type { RowTable } from "./row-table.js";
import type { SampledClassifier } from "./sampled-classifier.js";

/** Store key of a model parameter: the parameter itself, or its moving average. */
export type KeyOf = (name: string) => string;

/**
 * Where a run keeps its weights: `last.safetensors` (everything, to resume), `best-<stage>.safetensors` and
 * `stage-<stage>.safetensors` (models as evaluated). Without a directory the best weights are kept in memory.
 */
export class RunFiles {
  readonly #directory: string | undefined;
  readonly #model: DualPath;
  readonly #description: RunDescription;
  readonly #inputs: ModelInputs | undefined;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #classifier: SampledClassifier | undefined;
  readonly #best = new Map<string, Kept>();

  constructor(
    directory: string | undefined,
    model: DualPath,
    description: RunDescription,
    inputs?: ModelInputs,
    classifier?: SampledClassifier,
  ) {
    this.#directory = directory;
    this.#model = model;
    this.#description = description;
    this.#inputs = inputs;
    this.#classifier = classifier;
    this.#shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
  }

  get lastPath(): string | undefined {
    return this.#path("last");
  }

  #path(name: string): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, `${name}.safetensors`);
  }

  /** True when there is a checkpoint to resume from. */
  async hasLast(): Promise<boolean> {
    if (this.lastPath === undefined) return false;
    return access(this.lastPath).then(
      () => true,
      () => false,
    );
  }

  /** Writes everything that resuming needs; returns the path, or undefined without a directory. */
  async saveLast(store: Store, progress: Progress): Promise<string | undefined> {
    const path = this.lastPath;
    if (path !== undefined) await this.#save(path, store, { progress });
    return path;
  }

  /** Writes a stage's model as it is evaluated. */
  async saveModel(
    store: Store,
    kind: "best" | "stage",
    stage: string,
    keyOf: KeyOf,
  ): Promise<string | undefined> {
    const path = this.#path(`${kind}-${stage}`);
    const tensors = new Map(this.#model.parameters.map(({ name }) => [name, keyOf(name)]));
    if (path !== undefined) await this.#save(path, store, { tensors });
    else if (kind === "best") {
      const centres = this.#classifier?.centres.copy();
      this.#best.set(stage, { tensors: await readAll(store, tensors), centres });
    }
    return path;
  }

  async #save(
    path: string,
    store: Store,
    contents: Pick<CheckpointContents, "progress" | "tensors">,
  ): Promise<void> {
    // Optimizer state and averages have their parameter's shape and its name behind the last slash.
    const shapeOf = (key: string) => this.#shapes.get(key.slice(key.lastIndexOf("/") + 1));
    const inputs = this.#inputs ? { inputs: this.#inputs } : {};
    const others = this.#classifier?.sources(contents.progress ? "all" : "model") ?? [];
    const description = this.#description;
    await saveCheckpoint(path, store, { ...contents, ...inputs, description, shapeOf, others });
  }

  /** Puts the best weights of a stage into the Store. Throws CONFIG when the stage has none. */
  async loadBest(store: Store, stage: string): Promise<void> {
    const path = this.#path(`best-${stage}`);
    if (path !== undefined) {
      await loadTensors(path, store, this.#model.parameters);
      return this.#classifier?.load(path);
    }
    const kept = this.#best.get(stage);
    if (!kept)
      throw new TrainingError("CONFIG", `stage '${stage}' has no best weights: it was never evaluated`, {
        stage,
      });
    for (const { name, shape } of this.#model.parameters)
      await store.write(name, shape, "f32", kept.tensors.get(name)!);
    if (kept.centres) this.#classifier?.restore(kept.centres);
  }
}

/** Best weights of a stage without a directory. */
interface Kept {
  readonly tensors: ReadonlyMap<string, TypedArray>;
  readonly centres: RowTable | undefined;
}

async function readAll(store: Store, keys: ReadonlyMap<string, string>): Promise<Map<string, TypedArray>> {
  const values = new Map<string, TypedArray>();
  for (const [name, key] of keys) values.set(name, (await store.read(key)).data.slice());
  return values;
}
