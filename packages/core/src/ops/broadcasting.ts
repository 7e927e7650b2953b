import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { elementCount, formatShape, sameShape, type Shape, type TensorType } from "../graph/types.js";
import { sum } from "./reduce.js";
import { reshape } from "./reshape.js";

const maximumRank = 4;

/** NumPy's broadcast shape of a and b; throws SHAPE when there is none. */
export const broadcastShape = (check: Check, a: TensorType, b: TensorType): Shape => {
  const rank = Math.max(a.shape.length, b.shape.length);
  const [left, right] = [padRank(a.shape, rank), padRank(b.shape, rank)];
  const fits = left.every((size, axis) => size === right[axis] || size === 1 || right[axis] === 1);
  if (!fits)
    check.shapeError("shape of b", `one that broadcasts with ${formatShape(a.shape)}`, formatShape(b.shape));
  if (rank > maximumRank) check.shapeError("rank", `at most ${maximumRank}`, String(rank));
  return left.map((size, axis) => Math.max(size, right[axis]!));
};

/** `shape` with ones in front. */
export const padRank = (shape: Shape, rank: number): Shape => [
  ...Array.from({ length: rank - shape.length }, () => 1),
  ...shape,
];

/** For every element of `to`, the flat position that it reads in `from`. */
export const broadcastPositions = (from: Shape, to: Shape): Int32Array => {
  const source = padRank(from, to.length);
  const strides = source.map((size, axis) => (size === 1 ? 0 : elementCount(source.slice(axis + 1))));
  const positions = new Int32Array(elementCount(to));
  for (let index = 0; index < positions.length; index++) {
    let rest = index;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      positions[index]! += (rest % to[axis]!) * strides[axis]!;
      rest = Math.floor(rest / to[axis]!);
    }
  }
  return positions;
};

/** The gradient of broadcasting `shape` to that of `dy`: sums dy over the repeated axes. */
export const sumTo = (dy: Value, shape: Shape): Value => {
  if (sameShape(dy.shape, shape)) return dy;
  const padded = padRank(shape, dy.shape.length);
  const axes = dy.shape.flatMap((size, axis) => (size === padded[axis] ? [] : [axis]));
  const summed = axes.length === 0 ? dy : sum(dy, { axes, keepDims: true });
  return sameShape(summed.shape, shape) ? summed : reshape(summed, { shape });
};
