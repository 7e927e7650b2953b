import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import type { DType } from "../graph/types.js";

const targets = ["f32", "bf16", "i32", "u8"] as const;

/** The bf16 number nearest to x, ties to even. */
export const roundToBfloat16 = (x: number): number => {
  const bits = new Uint32Array(new Float32Array([x]).buffer);
  if (!Number.isFinite(x)) return x;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
};

const converters: Readonly<Record<(typeof targets)[number], (x: number) => number>> = {
  f32: (x) => x,
  bf16: roundToBfloat16,
  i32: Math.trunc,
  u8: (x) => Math.min(255, Math.max(0, Math.trunc(x))),
};

const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "bf16";

const attributes = z.strictObject({ dtype: z.enum(targets) });

export const castOp = defineOp({
  name: "cast",
  inputs: ["x"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ x }, { dtype }, check) => {
    check.dtype("x", x, ...targets);
    return [{ shape: x.shape, dtype }];
  },
  grad: ({ x }, dy) => (isFloat(x.dtype) ? { x: () => cast(dy, { dtype: x.dtype as "f32" | "bf16" }) } : {}),
  reference: ({ x }, { dtype }) => [x.data.map((value) => converters[dtype](value))],
});

/**
 * x in another number type: towards zero for i32, clamped to 0..255 for u8, to nearest even for bf16. Throws
 * DTYPE for x of u32, ATTRIBUTE for a target other than f32, bf16, i32 and u8.
 */
export const cast = (x: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(castOp, { x }, attrs, name).y;
