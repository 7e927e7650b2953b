import type { Check } from "../graph/check.js";
import type { TensorType } from "../graph/types.js";

/** Checks that everything in `slots` has the parameter's type and everything in `numbers` is rank 0. */
export const checkUpdate = (
  check: Check,
  param: TensorType,
  slots: Readonly<Record<string, TensorType>>,
  numbers: Readonly<Record<string, TensorType>>,
): void => {
  check.dtype("param", param, "f32");
  for (const [name, type] of Object.entries(slots)) {
    check.shape(name, type, param.shape);
    check.dtype(name, type, "f32");
  }
  for (const [name, type] of Object.entries(numbers)) {
    check.shape(name, type, []);
    check.dtype(name, type, name === "step" ? "u32" : "f32");
  }
};
