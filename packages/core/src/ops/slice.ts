import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, type Shape } from "../graph/types.js";
import * as attribute from "./attributes.js";

const checkRange = (check: Check, shape: Shape, axis: number, begin: number, end: number): void => {
  if (axis >= shape.length) check.attributeError("axis", `less than the rank ${shape.length}`, String(axis));
  if (begin >= end || end > shape[axis]!)
    check.attributeError("range", `0 <= begin < end <= ${shape[axis]}`, `begin ${begin}, end ${end}`);
};

/** For every element of the part, its flat position in the whole. */
const partPositions = (whole: Shape, part: Shape, axis: number, begin: number): Int32Array => {
  const inner = elementCount(whole.slice(axis + 1));
  const width = part[axis]! * inner;
  return new Int32Array(elementCount(part)).map(
    (_, index) => Math.floor(index / width) * whole[axis]! * inner + begin * inner + (index % width),
  );
};

const sliceAttributes = z.strictObject({ axis: attribute.size, begin: attribute.size, end: attribute.count });

export const sliceOp = defineOp({
  name: "slice",
  inputs: ["x"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: sliceAttributes,
  infer: ({ x }, { axis, begin, end }, check) => {
    checkRange(check, x.shape, axis, begin, end);
    return [{ shape: x.shape.with(axis, end - begin), dtype: x.dtype }];
  },
  grad: ({ x }, dy, { axis, begin }) => ({ x: () => sliceGrad(dy, { inputShape: x.shape, axis, begin }) }),
  reference: ({ x }, { axis, begin }, [y]) => [
    Float64Array.from(partPositions(x.shape, y!.shape, axis, begin), (position) => x.data[position]!),
  ],
  flops: () => 0,
});

const sliceGradAttributes = z.strictObject({
  inputShape: attribute.shape,
  axis: attribute.size,
  begin: attribute.size,
});

export const sliceGradOp = defineOp({
  name: "sliceGrad",
  inputs: ["dy"],
  outputs: ["dx"],
  narrow: ["dy", "dx"],
  attrs: sliceGradAttributes,
  infer: ({ dy }, { inputShape, axis, begin }, check) => {
    const width = dy.shape[axis] ?? 0;
    checkRange(check, inputShape, axis, begin, begin + width);
    check.shape("dy", dy, inputShape.with(axis, width));
    return [{ shape: inputShape, dtype: dy.dtype }];
  },
  grad: ({ dy }, gradient, { axis, begin }) => ({
    dy: () => slice(gradient, { axis, begin, end: begin + dy.shape[axis]! }),
  }),
  reference: ({ dy }, { inputShape, axis, begin }) => {
    const dx = new Float64Array(elementCount(inputShape));
    partPositions(inputShape, dy.shape, axis, begin).forEach((to, from) => (dx[to] = dy.data[from]!));
    return [dx];
  },
  flops: () => 0,
});

/**
 * Elements `begin` to `end` (not included) of x along `axis`. Throws ATTRIBUTE for an axis that x does not
 * have, or a range that is empty or leaves it.
 */
export const slice = (x: Value, attrs: z.input<typeof sliceAttributes>, name?: string): Value =>
  apply(sliceOp, { x }, attrs, name).y;

/**
 * Gradient of `slice`: dy inside zeros of `inputShape`. Throws ATTRIBUTE for an axis or a range outside of
 * `inputShape`, SHAPE where the other axes of dy differ.
 */
export const sliceGrad = (dy: Value, attrs: z.input<typeof sliceGradAttributes>, name?: string): Value =>
  apply(sliceGradOp, { dy }, attrs, name).dx;
