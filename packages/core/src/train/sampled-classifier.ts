import { initialValue } from "../layers/initializers.js";
import type { ParameterDeclaration } from "../layers/context.js";
import { SAMPLED_CENTRES } from "../models/classifier.js";
import type { DualPath } from "../models/dual-path.js";
import { slotKinds, updateRow, type RowStep } from "../optim/row-update.js";
import type { OptimizerConfig } from "../optim/schema.js";
import { SLOT_PREFIX } from "../optim/update.js";
import type { Batch } from "./data.js";
import type { Feeds } from "../engine/program.js";
import { RowTable, type RowTableSizes } from "./row-table.js";
import { openSafetensors, type TensorSource } from "./safetensors.js";
import { sampleClasses } from "./sample-classes.js";

/** A step's classes: their ids, the feed of their centres, and each row's own among them. */
export interface SampledBatch extends Pick<Batch, "imageLabel" | "textLabel"> {
  readonly ids: Int32Array;
  readonly feeds: Feeds;
}

/**
 * Centres of a sampled classifier (Partial FC, An et al. 2022) with the optimizer's state, in host memory: a step's time
 * and device memory depend on the sample, not on the number of classes.
 */
export class SampledClassifier {
  readonly declaration: ParameterDeclaration;
  readonly #sizes: RowTableSizes;
  readonly #sampled: number;
  readonly #seed: number;
  readonly #gathered: Float32Array;
  readonly #slots = new Map<string, RowTable>();
  #optimizer: OptimizerConfig | undefined;
  #centres: RowTable | undefined;

  /**
   * `declaration`: the matrix of all centres [classes, dimension]; `sampled`: how many of them a step reads.
   */
  constructor(declaration: ParameterDeclaration, sampled: number, seed: number) {
    const [rows = 0, dimension = 0] = declaration.shape;
    this.declaration = declaration;
    this.#sizes = { rows, dimension };
    this.#sampled = sampled;
    this.#seed = seed;
    this.#gathered = new Float32Array(sampled * dimension);
  }

  /** The centres: at first a pure function of the seed, which is that of a classifier in the Store up to 2^18 classes. */
  get centres(): RowTable {
    const { initializer, name } = this.declaration;
    this.#centres ??= new RowTable(this.#sizes, (shape, shard) =>
      initialValue(initializer, shape, this.#seed, shard === 0 ? name : `${name}#${shard}`),
    );
    return this.#centres;
  }

  /** Bytes of the centres and of what the optimizer keeps of them: two matrices with SGD, three with Adam. */
  static bytes(sizes: RowTableSizes, optimizer: OptimizerConfig): number {
    return RowTable.bytes(sizes) * (1 + slotKinds(optimizer).length);
  }

  /** The beginning of a stage in which the centres learn; its optimizer starts from zeros unless it was loaded. */
  begin(optimizer: OptimizerConfig, fresh: boolean): void {
    this.#optimizer = optimizer;
    for (const kind of slotKinds(optimizer)) {
      const name = this.#slotName(kind);
      if (fresh || !this.#slots.has(name)) this.#slots.set(name, RowTable.zeros(this.#sizes));
    }
  }

  /** The end of a stage: the optimizer's state goes. */
  settle(): void {
    this.#slots.clear();
    this.#optimizer = undefined;
  }

  #slotName(kind: string): string {
    return `${SLOT_PREFIX}${kind}/${this.declaration.name}`;
  }

  /**
   * All classes of the batch and random others, a pure function of (labels, seed, step); labels become places
   * among them. Throws BATCH for a label that is no class, CONFIG where the sample cannot hold the batch's
   * classes.
   */
  sample({ imageLabel, textLabel }: Pick<Batch, "imageLabel" | "textLabel">, step: number): SampledBatch {
    const both = new Int32Array(imageLabel.length + textLabel.length);
    both.set(imageLabel);
    both.set(textLabel, imageLabel.length);
    const options = { classes: this.#sizes.rows, size: this.#sampled, seed: this.#seed };
    const { ids, labels } = sampleClasses(both, options, step);
    this.centres.gather(ids, this.#gathered);
    return {
      ids,
      feeds: { [SAMPLED_CENTRES]: this.#gathered },
      imageLabel: labels.slice(0, imageLabel.length),
      textLabel: labels.slice(imageLabel.length),
    };
  }

  /** Moves the sampled centres by their gradient [ids.length, dimension]; before `begin` they stay. */
  learn(ids: Int32Array, gradient: Float32Array, step: RowStep): void {
    const optimizer = this.#optimizer;
    if (optimizer === undefined) return;
    const { dimension } = this.#sizes;
    const slots = slotKinds(optimizer).map((kind) => this.#slots.get(this.#slotName(kind))!);
    ids.forEach((id, index) => {
      const own = gradient.subarray(index * dimension, (index + 1) * dimension);
      const state = slots.map((slot) => slot.row(id));
      updateRow(optimizer, this.centres.row(id), own, state, step);
    });
  }

  /** True for tensors of a checkpoint that belong here and not into a Store. */
  owns(tensor: string): boolean {
    return tensor === this.declaration.name || tensor.endsWith(`/${this.declaration.name}`);
  }

  /**
   * What a checkpoint holds of it: the centres [classes, dimension] and, to resume from, the optimizer's
   * state.
   */
  sources(contents: "model" | "all"): TensorSource[] {
    const slots = contents === "all" ? [...this.#slots] : [];
    return [this.centres.source(this.declaration.name), ...slots.map(([name, table]) => table.source(name))];
  }

  /**
   * Takes over what a checkpoint holds of it. Throws CHECKPOINT_MODEL where a tensor is missing or has
   * another shape, CHECKPOINT_MISSING or CHECKPOINT_CORRUPT for the file itself.
   */
  async load(path: string): Promise<void> {
    const file = await openSafetensors(path);
    try {
      await this.centres.read(file, this.declaration.name);
      for (const name of [...file.entries.keys()].filter(
        (key) => key.startsWith(SLOT_PREFIX) && this.owns(key),
      )) {
        const table = this.#slots.get(name) ?? RowTable.zeros(this.#sizes);
        await table.read(file, name);
        this.#slots.set(name, table);
      }
    } finally {
      await file.close();
    }
  }

  /** Puts other centres, as `centres.copy()` makes them, in place of its own. */
  restore(centres: RowTable): void {
    this.#centres = centres.copy();
  }
}

/** The sampled classifier that a model has; undefined where its classifier lies in the Store, or there is none. */
export function sampledClassifier(
  { centres, config }: DualPath,
  seed: number,
): SampledClassifier | undefined {
  if (centres === undefined || config.classifier === "none") return undefined;
  const [classes = 0] = centres.shape;
  return new SampledClassifier(centres, sampledRows(config.classifier.sampled, classes), seed);
}

const sampledRows = (sampled: number | undefined, classes: number): number =>
  Math.min(sampled ?? classes, classes);
