import { z } from "zod";

import { DualpathError } from "./errors.js";

/** Number types of values. bf16 crosses the boundary as its 16 bits. */
export const dtypeSchema = z.enum(["f32", "bf16", "i32", "u32", "u8"]);
export type DType = z.infer<typeof dtypeSchema>;

const count = z.int().nonnegative();

/**
 * Where a value lives. feed: staged for every step; store: the Store's memory, under the value's name;
 * scalar: word `index` of the per-step numbers; arena: bytes from `offset`, a multiple of 64.
 */
export const placeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("feed") }),
  z.strictObject({ kind: z.literal("store") }),
  z.strictObject({ kind: z.literal("scalar"), index: count }),
  z.strictObject({ kind: z.literal("arena"), offset: count }),
]);
export type Place = z.infer<typeof placeSchema>;

/** A tensor of the plan. Shapes are logical: images and sequences (N, H, W, C). Names are unique in the plan. */
export const planValueSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(z.int().positive()).readonly(),
  dtype: dtypeSchema,
  place: placeSchema,
});
export type PlanValue = z.infer<typeof planValueSchema>;

export const attributeSchema = z.union([z.number(), z.boolean(), z.string(), z.array(z.number()).readonly()]);
export type Attribute = z.infer<typeof attributeSchema>;

/** One operation. Ids index `values`. A node that updates a store value lists it among inputs and outputs. */
export const planNodeSchema = z.strictObject({
  op: z.string().min(1),
  name: z.string().min(1),
  inputs: z.array(count).readonly(),
  outputs: z.array(count).readonly(),
  attrs: z.record(z.string(), attributeSchema),
});
export type PlanNode = z.infer<typeof planNodeSchema>;

/** A per-step number: one 4-byte word. */
export const planScalarSchema = z.strictObject({ name: z.string().min(1), dtype: z.enum(["f32", "u32"]) });
export type PlanScalar = z.infer<typeof planScalarSchema>;

/**
 * A whole step. `nodes` are in execution order, `feeds` in the order in which `step` takes arrays, `taps` in the order
 * in which it returns them. `arenaBytes` covers every arena value at its {@link reservedBytes}.
 */
export const planSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1),
  values: z.array(planValueSchema),
  nodes: z.array(planNodeSchema),
  feeds: z.array(count),
  scalars: z.array(planScalarSchema),
  taps: z.array(count),
  arenaBytes: count,
});
export type Plan = z.infer<typeof planSchema>;

/** Bytes of one element. */
export function bytesOf(dtype: DType): number {
  return dtype === "u8" ? 1 : dtype === "bf16" ? 2 : 4;
}

/**
 * Bytes that a plan reserves for a value: the channels of a rank-4 f32 or bf16 value with at least 16 of them are
 * rounded up to a multiple of 16, so that any backend layout fits.
 */
export function reservedBytes(shape: readonly number[], dtype: DType): number {
  const channels = shape[3];
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const padded =
    shape.length === 4 && channels !== undefined && channels >= 16 && (dtype === "f32" || dtype === "bf16");
  return bytesOf(dtype) * (padded ? (elements / channels) * Math.ceil(channels / 16) * 16 : elements);
}

/** Checks the form of a plan; `PLAN_INVALID` with the path of the first fault. Native code checks the meaning. */
export function parsePlan(plan: unknown): Plan {
  const result = planSchema.safeParse(plan);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.join(".") ?? "";
  throw new DualpathError("PLAN_INVALID", `plan: ${path}: ${issue?.message ?? "malformed"}`, {
    path,
    issues: result.error.issues,
  });
}
