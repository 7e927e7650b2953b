import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, namedInputs, type OpRow } from "../graph/op.js";
import { elementCount, type TensorType } from "../graph/types.js";
import * as attribute from "./attributes.js";
import { slice } from "./slice.js";

type Named<T> = Readonly<Record<string, T>>;

/** Where each input begins along the axis, and the total behind them. */
const offsets = (inputs: readonly TensorType[], axis: number): number[] =>
  inputs.reduce<number[]>((ends, { shape }) => [...ends, ends[ends.length - 1]! + shape[axis]!], [0]);

const attributes = z.strictObject({ axis: attribute.size });

export const concatOp = defineOp({
  name: "concat",
  inputs: ["x"] as readonly string[],
  repeats: 1,
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: attributes,
  infer: (inputs: Named<TensorType>, { axis }, check) => {
    const types = Object.values(inputs);
    const [first] = types as [TensorType];
    if (axis >= first.shape.length)
      check.attributeError("axis", `less than the rank ${first.shape.length}`, String(axis));
    const total = offsets(types, axis)[types.length]!;
    Object.entries(inputs).forEach(([name, type]) => {
      check.dtype(name, type, first.dtype);
      check.shape(
        name,
        type,
        first.shape.with(axis, type.shape[axis] ?? 0),
        "axes other than `axis` must agree",
      );
    });
    return [{ shape: first.shape.with(axis, total), dtype: first.dtype }];
  },
  grad: (inputs: Named<Value>, dy, { axis }) => {
    const begins = offsets(Object.values(inputs), axis);
    const thunks = Object.keys(inputs).map((name, index) => {
      const range = { axis, begin: begins[index]!, end: begins[index + 1]! };
      return [name, () => slice(dy, range)] as const;
    });
    return Object.fromEntries(thunks);
  },
  reference: (inputs, { axis }, [output]) => {
    const inner = elementCount(output!.shape.slice(axis + 1));
    const rowSize = output!.shape[axis]! * inner;
    const y = new Float64Array(elementCount(output!.shape));
    let column = 0;
    for (const { data, shape } of Object.values(inputs)) {
      const width = shape[axis]! * inner;
      data.forEach(
        (value, index) => (y[Math.floor(index / width) * rowSize + column + (index % width)] = value),
      );
      column += width;
    }
    return [y];
  },
  flops: () => 0,
});

/**
 * Joins values along `axis`; their other axes agree. Throws SHAPE where they do not, DTYPE for values of two
 * number types, ATTRIBUTE for an axis that the first does not have, GRAPH for values of two graphs, a
 * TypeError for an empty list.
 */
export const concat = (xs: readonly Value[], attrs: z.input<typeof attributes>, name?: string): Value => {
  if (xs.length === 0) throw new TypeError("concat: no input");
  return apply(concatOp, namedInputs(concatOp as unknown as OpRow, xs), attrs, name)["y"];
};
