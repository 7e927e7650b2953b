import type { Check } from "../graph/check.js";
import type { TensorType } from "../graph/types.js";

/** Refuses a bias that is not one f32 number for each of the last axis of y. */
export const checkBias = (check: Check, bias: TensorType, y: TensorType): void => {
  check.shape("bias", bias, y.shape.slice(-1), "one number per channel of y");
  check.dtype("bias", bias, "f32");
};

/** y + bias over the last axis, and with `relu` no less than 0. */
export const biased = (y: Float64Array, bias: ArrayLike<number>, relu: boolean): Float64Array => {
  const floor = relu ? 0 : -Infinity;
  return y.map((value, index) => Math.max(floor, value + bias[index % bias.length]!));
};
