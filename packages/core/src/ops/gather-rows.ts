import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { count } from "./attributes.js";

export const gatherRowsOp = defineOp({
  name: "gatherRows",
  inputs: ["x", "index"],
  outputs: ["y"],
  attrs: noAttributes,
  infer: ({ x, index }, _, check) => {
    check.rank("x", x, 2);
    check.dtype("x", x, "f32", "bf16");
    check.rank("index", index, 1);
    check.dtype("index", index, "i32");
    return [{ shape: [index.shape[0]!, x.shape[1]!], dtype: x.dtype }];
  },
  indexLimits: ({ x }) => ({ index: [0, x.shape[0]! - 1] }),
  grad: ({ x, index }, dy) => ({ x: () => gatherRowsGrad(dy, index, { rows: x.shape[0]! }) }),
  reference: ({ x, index }, _, [y]) => {
    const width = x.shape[1]!;
    const gathered = new Float64Array(elementCount(y!.shape));
    return [gathered.map((_, at) => x.data[index.data[Math.floor(at / width)]! * width + (at % width)]!)];
  },
  flops: () => 0,
});

const gatherRowsGradAttributes = z.strictObject({ rows: count });

export const gatherRowsGradOp = defineOp({
  name: "gatherRowsGrad",
  inputs: ["dy", "index"],
  outputs: ["dx"],
  attrs: gatherRowsGradAttributes,
  infer: ({ dy, index }, { rows }, check) => {
    check.rank("dy", dy, 2);
    check.shape("index", index, [dy.shape[0]!]);
    check.dtype("index", index, "i32");
    return [{ shape: [rows, dy.shape[1]!], dtype: dy.dtype }];
  },
  grad: ({ index }, gradient) => ({ dy: () => gatherRows(gradient, index) }),
  reference: ({ dy, index }, { rows }) => {
    const width = dy.shape[1]!;
    const dx = new Float64Array(rows * width);
    dy.data.forEach(
      (value, at) => (dx[index.data[Math.floor(at / width)]! * width + (at % width)]! += value),
    );
    return [dx];
  },
  flops: ({ dy }) => elementCount(dy.shape),
});

/**
 * Rows `index` (i32 [M]) of x [N, D], repeats allowed: [M, D]. Throws SHAPE for other ranks, DTYPE unless x
 * is f32 or bf16 and index i32, GRAPH for values of two graphs; an index outside 0 to N - 1 is a FEED error
 * at the step.
 */
export const gatherRows = (x: Value, index: Value, name?: string): Value =>
  apply(gatherRowsOp, { x, index }, {}, name).y;

/**
 * Gradient of `gatherRows`: every row of dy [M, D] is added to its row of [rows, D], in order. Throws SHAPE
 * or DTYPE for other inputs, ATTRIBUTE for `rows` below 1, GRAPH for values of two graphs.
 */
export const gatherRowsGrad = (
  dy: Value,
  index: Value,
  attrs: z.input<typeof gatherRowsGradAttributes>,
  name?: string,
): Value => apply(gatherRowsGradOp, { dy, index }, attrs, name).dx;
