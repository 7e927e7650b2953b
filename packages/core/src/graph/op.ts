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
  /** The op takes any number of inputs; their names are `inputs[0]` followed by 0, 1, 2... */
  readonly variadic?: true;
  /** Output names; only the first one can carry a gradient. */
  readonly outputs: readonly Output[];
  readonly attrs: Schema;
  /** Output k overwrites the store value given as input `updates[k]`: the node is an effect. */
  readonly updates?: readonly Input[];
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

/** The names of `count` inputs of a row, in the plan's order. */
export const inputNames = (op: OpRow, count: number): readonly string[] =>
  op.variadic ? Array.from({ length: count }, (_, index) => `${op.inputs[0]}${index}`) : op.inputs;

/** Pairs the input names of a row with `values`. */
export const namedInputs = <T>(op: OpRow, values: readonly T[]): Record<string, T> =>
  Object.fromEntries(inputNames(op, values.length).map((name, index) => [name, values[index] as T]));
