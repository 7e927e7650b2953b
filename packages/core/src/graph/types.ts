import type { DType } from "@dualpath/cuda-kernels";

export type { DType, Plan, PlanNode, PlanValue, TypedArray } from "@dualpath/cuda-kernels";

/** Sizes of the axes, outermost first; images and sequences are (N, H, W, C); rank 0 is `[]`. */
export type Shape = readonly number[];

/** What is known of a value before it is computed. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value in the float64 reference: every number type is held as float64. */
export interface Tensor extends TensorType {
  readonly data: Float64Array;
}

/** One attribute: a number, a switch, a word, or a list of numbers. */
export type Attribute = number | boolean | string | readonly number[];
/** The attributes of a node, checked by its op's schema. */
export type Attributes = Readonly<Record<string, Attribute>>;

export const elementCount = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

const elementBytes: Readonly<Record<DType, number>> = { f32: 4, bf16: 2, i32: 4, u32: 4, u8: 1 };

export const bytesPerElement = (dtype: DType): number => elementBytes[dtype];

const channelBlock = 16;

/** Bytes reserved for a value: channels of wide rank-4 floats round up to 16, so that any backend layout fits. */
export const reservedBytes = ({ shape, dtype }: TensorType): number => {
  const channels = shape[3] ?? 0;
  const blocked = shape.length === 4 && (dtype === "f32" || dtype === "bf16") && channels >= channelBlock;
  const padded = blocked ? Math.ceil(channels / channelBlock) * channelBlock : channels;
  const count = blocked ? (elementCount(shape) / channels) * padded : elementCount(shape);
  return count * elementBytes[dtype];
};

/** `f32[2, 3]`, as messages and printers write a type. */
export const formatType = ({ shape, dtype }: TensorType): string => `${dtype}[${shape.join(", ")}]`;

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);
