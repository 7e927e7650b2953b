import { hashName, randomWords } from "../../graph/philox.js";
import { elementCount, type DType, type Shape, type Tensor } from "../../graph/types.js";

/** Makes the data of one input from its name, so that a case is the same in every run. */
export type Numbers = (name: string) => Tensor;

const uniform = (name: string, count: number): Float64Array =>
  Float64Array.from(randomWords(1, hashName(name), 0, count), (word) => word / 2 ** 32);

const make = (dtype: DType, shape: Shape, data: Float64Array): Tensor => ({
  dtype,
  shape,
  data: dtype === "f32" ? data.map((value) => Math.fround(value)) : data,
});

/** f32 in [low, high). */
export const between =
  (low: number, high: number, ...shape: number[]): Numbers =>
  (name) =>
    make(
      "f32",
      shape,
      uniform(name, elementCount(shape)).map((u) => low + (high - low) * u),
    );

/** f32 around 0, unit scale. */
export const signed = (...shape: number[]): Numbers => between(-1.5, 1.5, ...shape);

/** f32 in [0.5, 2). */
export const positive = (...shape: number[]): Numbers => between(0.5, 2, ...shape);

/** f32 around 0, but none closer than 0.1 to one of `kinks`, where a derivative would not exist. */
export const avoiding =
  (kinks: readonly number[], scale: number, ...shape: number[]): Numbers =>
  (name) => {
    const data = between(-scale, scale, ...shape)(name).data;
    const clear = (value: number): number =>
      kinks.some((kink) => Math.abs(value - kink) < 0.1) ? clear(value + 0.2) : value;
    return make("f32", shape, data.map(clear));
  };

/** f32, all elements different by at least 0.05, in random order: no ties and no kinks for maxima. */
export const distinct =
  (...shape: number[]): Numbers =>
  (name) => {
    const keys = uniform(name, elementCount(shape));
    const order = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]!);
    const data = new Float64Array(keys.length);
    order.forEach(
      (position, rank) => (data[position] = 0.05 * (rank - keys.length / 2) + 0.02 * keys[rank]!),
    );
    return make("f32", shape, data);
  };

/** f32 multiples of `step`, so that equal values occur. */
export const withTies =
  (step: number, ...shape: number[]): Numbers =>
  (name) =>
    make(
      "f32",
      shape,
      signed(...shape)(name).data.map((value) => Math.round(value / step) * step),
    );

/** Integers from low to high, both included. */
export const integers =
  (dtype: "i32" | "u8" | "u32", low: number, high: number, ...shape: number[]): Numbers =>
  (name) =>
    make(
      dtype,
      shape,
      uniform(name, elementCount(shape)).map((u) => low + Math.floor((high - low + 1) * u)),
    );

/** Exactly these numbers. */
export const exactly =
  (dtype: DType, shape: Shape, ...data: number[]): Numbers =>
  () =>
    make(dtype, shape, Float64Array.from(data));
