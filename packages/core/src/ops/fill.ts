import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Graph, Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import * as attribute from "./attributes.js";

const attributes = z.strictObject({ shape: attribute.shape, value: z.number() });

export const fillOp = defineOp({
  name: "fill",
  inputs: [],
  outputs: ["y"],
  attrs: attributes,
  infer: (_, { shape }) => [{ shape, dtype: "f32" }],
  reference: (_, { shape, value }) => [new Float64Array(elementCount(shape)).fill(value)],
  flops: () => 0,
});

/** A constant f32 tensor. Throws ATTRIBUTE for sizes below 1 or a value that is not finite. */
export const fill = (graph: Graph, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(fillOp, {}, attrs, { graph, name }).y;
