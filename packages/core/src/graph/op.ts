import { z } from "zod";
import type { Check } from "./check.js";
import type { Value } from "./graph.js";
import type { Attributes, Tensor, TensorType } from "./types.js";

/**
 * One row of the op table. Everything that the graph, its passes and the tests know of an op stands here; the
 * native side holds a row of the same name.
 */
export interface OpDefinition<
  Input extends string = string,
  Output extends string = string,
  Schema extends z.ZodType<Attributes> = z.ZodType<Attributes>,
> {
  readonly name: string;
  /** Input names in the plan's order. */
  readonly inputs: readonly Input[];
  /**
   * The last so many inputs are a group that may come several times, and so may the outputs that update it. The first
   * group has the row's names, the next ones have 1, 2... behind them.
   */
  readonly repeats?: number;
  /** Output names; only the first one can carry a gradient. */
  readonly outputs: readonly Output[];
  readonly attrs: Schema;
  /** Output k overwrites the store value given as input `updates[k]`: the node is an effect. */
  readonly updates?: readonly Input[];
  /**
   * Inputs and outputs that precision bf16 may keep in bf16; everything else of the row stays in f32. The kernel takes
   * all of them in one type; a product's outputs may be f32 beside bf16 inputs.
   */
  readonly narrow?: readonly (Input | Output)[];
  /** Multiplies matrices: worth a cast of its inputs to bf16, and what TF32 is about. */
  readonly product?: true;
  /** Inputs whose memory the first output may take over when this is their last use. */
  readonly inPlace?: readonly number[];
  /** Smallest and largest index that an input may hold; feeds are checked at every step. */
  indexLimits?(
    inputs: Readonly<Record<Input, TensorType>>,
  ): Readonly<Partial<Record<Input, readonly [number, number]>>>;
  infer(
    inputs: Readonly<Record<Input, TensorType>>,
    attrs: z.output<Schema>,
    check: Check,
  ): readonly TensorType[];
  /** Thunks, one per differentiable input; only those that somebody wants are called. */
  grad?(
    inputs: Readonly<Record<Input, Value>>,
    dy: Value,
    attrs: z.output<Schema>,
    outputs: Readonly<Record<Output, Value>>,
  ): Readonly<Partial<Record<Input, () => Value>>>;
  /** Plain float64 loops, the oracle of tests: one new array per output. */
  reference(
    inputs: Readonly<Record<Input, Tensor>>,
    attrs: z.output<Schema>,
    outputs: readonly TensorType[],
  ): readonly Float64Array[];
  /** Floating-point operations (a multiply-add counts two); without it, one per element of the first output. */
  flops?(
    inputs: Readonly<Record<Input, TensorType>>,
    attrs: z.output<Schema>,
    outputs: readonly TensorType[],
  ): number;
}

/** Any row, its own names and attributes forgotten. */
export type OpRow = OpDefinition;

/** Declares an op; the type parameters follow from the names and the attribute schema. */
export const defineOp = <
  const Input extends string,
  const Output extends string,
  Schema extends z.ZodType<Attributes>,
>(
  definition: OpDefinition<Input, Output, Schema>,
): OpDefinition<Input, Output, Schema> => definition;

/** The attribute schema of an op that has none. */
export const noAttributes = z.strictObject({});

const repeated = (names: readonly string[], groups: number): readonly string[] =>
  Array.from({ length: groups }, (_, group) => names.map((name) => nameIn(group, name))).flat();

const nameIn = (group: number, name: string): string => (group === 0 ? name : `${name}${group}`);

/** Inputs in front of the repeated group. */
const fixedInputs = (op: OpRow): number => op.inputs.length - (op.repeats ?? 0);

/** The names of `count` inputs of a row, in the plan's order. */
export const inputNames = (op: OpRow, count: number): readonly string[] => {
  const fixed = fixedInputs(op);
  const groups = op.repeats ? Math.max(1, Math.floor((count - fixed) / op.repeats)) : 1;
  return [...op.inputs.slice(0, fixed), ...repeated(op.inputs.slice(fixed), groups)];
};

/** The names of `count` outputs of a row. */
export const outputNames = (op: OpRow, count: number): readonly string[] =>
  op.updates ? repeated(op.outputs, count / op.outputs.length) : op.outputs;

/** Position of the input that an output overwrites. */
export const updatedPosition = (
  { updates, inputs, repeats = 0 }: OpRow,
  output: number,
): number | undefined =>
  updates &&
  inputs.indexOf(updates[output % updates.length] as string) + Math.floor(output / updates.length) * repeats;

/** The row's name of the input at this position, whichever group it is in. */
const rowName = (op: OpRow, position: number): string => {
  const fixed = fixedInputs(op);
  const first = position < op.inputs.length ? position : fixed + ((position - fixed) % (op.repeats ?? 1));
  return op.inputs[first] as string;
};

/** Whether the op overwrites its input at this position. */
export const isUpdated = (op: OpRow, position: number): boolean =>
  op.updates?.includes(rowName(op, position)) ?? false;

/** Whether the op takes its input at this position in bf16. */
export const isNarrowInput = (op: OpRow, position: number): boolean =>
  op.narrow?.includes(rowName(op, position)) ?? false;

/** Whether the op writes its output at this position in bf16. */
export const isNarrowOutput = (op: OpRow, position: number): boolean =>
  op.narrow?.includes(op.outputs[position] as string) ?? false;

/** Pairs the input names of a row with `values`. */
export const namedInputs = <T>(op: OpRow, values: readonly T[]): Record<string, T> =>
  Object.fromEntries(inputNames(op, values.length).map((name, index) => [name, values[index] as T]));

/** The groups among named inputs of a row that repeats, by the names of the first one. */
export const groupsOf = <T, Name extends string>(
  inputs: Readonly<Record<string, T>>,
  ...names: readonly Name[]
): readonly Readonly<Record<Name, T>>[] => {
  const [first] = names as readonly [Name];
  const groups = Object.keys(inputs).length;
  const found = Array.from({ length: groups }, (_, group) => group).filter(
    (group) => nameIn(group, first) in inputs,
  );
  return found.map(
    (group) =>
      Object.fromEntries(names.map((name) => [name, inputs[nameIn(group, name)]])) as Record<Name, T>,
  );
};
