import { expect, test } from "vitest";

import { bytesOf, parsePlan, reservedBytes } from "./plan.js";
import { failureOf } from "./testing/failure.js";
import { productPlan } from "./testing/plans.js";

test("a plan in the right form passes unchanged", () => {
  expect(parsePlan(productPlan(4))).toEqual(productPlan(4));
});

test("a fault is named by its path", async () => {
  const plan = productPlan(4);
  const values = [{ ...plan.values[0], shape: [0, 4] }, ...plan.values.slice(1)];
  const failure = await failureOf(() => parsePlan({ ...plan, values }));
  expect(failure.code).toBe("PLAN_INVALID");
  expect(failure.details["path"]).toBe("values.0.shape.0");
});

test("fields that nobody knows are refused", async () => {
  expect((await failureOf(() => parsePlan({ ...productPlan(4), colour: "red" }))).code).toBe("PLAN_INVALID");
});

test("images of at least 16 channels reserve channels in sixteens", () => {
  expect(reservedBytes([2, 1, 3, 300], "f32")).toBe(4 * 6 * 304);
  expect(reservedBytes([2, 1, 3, 300], "bf16")).toBe(2 * 6 * 304);
  expect(reservedBytes([2, 1, 3, 3], "f32")).toBe(4 * 18);
  expect(reservedBytes([2, 300], "f32")).toBe(4 * 600);
  expect(reservedBytes([2, 1, 3, 300], "u8")).toBe(1800);
  expect(reservedBytes([], "u32")).toBe(4);
  expect(bytesOf("i32")).toBe(4);
});
