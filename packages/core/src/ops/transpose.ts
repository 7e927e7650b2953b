import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, type Shape } from "../graph/types.js";
import * as attribute from "./attributes.js";

/** Output position -> input position. */
const sourceOf = (index: number, shape: Shape, strides: readonly number[]): number => {
  let [position, rest] = [0, index];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position += (rest % shape[axis]!) * strides[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return position;
};

const attributes = z.strictObject({ permutation: attribute.axes });

export const transposeOp = defineOp({
  name: "transpose",
  inputs: ["x"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: attributes,
  infer: ({ x }, { permutation }, check) => {
    const axes = x.shape.map((_, axis) => axis);
    if (permutation.length !== axes.length || !axes.every((axis) => permutation.includes(axis)))
      check.attributeError(
        "permutation",
        `the axes ${axes.join(", ")} in some order`,
        permutation.join(", "),
      );
    check.rank("x", x, 0, 1, 2, 3, 4);
    return [{ shape: permutation.map((axis) => x.shape[axis]!), dtype: x.dtype }];
  },
  grad: (_, dy, { permutation }) => ({
    x: () => transpose(dy, { permutation: permutation.map((_, axis) => permutation.indexOf(axis)) }),
  }),
  reference: ({ x }, { permutation }, [y]) => {
    const strides = permutation.map((axis) => elementCount(x.shape.slice(axis + 1)));
    return [new Float64Array(x.data.length).map((_, index) => x.data[sourceOf(index, y!.shape, strides)]!)];
  },
  flops: () => 0,
});

/**
 * Axis k of the result is axis `permutation[k]` of x; rank at most 4. Throws SHAPE for a higher rank,
 * ATTRIBUTE unless the permutation names every axis once.
 */
export const transpose = (x: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(transposeOp, { x }, attrs, name).y;
