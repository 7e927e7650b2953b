import { afterEach, beforeEach, expect, test } from "vitest";

import { loadBackend } from "./load.js";
import type { NativeStore } from "./store.js";
import { failureOf } from "./testing/failure.js";
import { productPlan, scalePlan } from "./testing/plans.js";

let store: NativeStore;

beforeEach(() => {
  store = loadBackend().createStore({ device: "cpu", threads: 1 });
});

afterEach(() => store.dispose());

test("a value is read back with its shape and type", async () => {
  await store.write("weights", [2, 3], "f32", Float32Array.of(1, 2, 3, 4, 5, 6));
  await store.write("ids", [2], "i32", Int32Array.of(-1, 7));
  await store.write("half", [1], "bf16", Uint16Array.of(0x3f80));
  await store.write("pixels", [3], "u8", Uint8Array.of(0, 128, 255));
  expect(await store.read("weights")).toEqual({
    shape: [2, 3],
    dtype: "f32",
    data: Float32Array.of(1, 2, 3, 4, 5, 6),
  });
  expect((await store.read("ids")).data).toEqual(Int32Array.of(-1, 7));
  expect((await store.read("half")).data).toEqual(Uint16Array.of(0x3f80));
  expect((await store.read("pixels")).data).toEqual(Uint8Array.of(0, 128, 255));
});

test("data is copied before write returns its promise", async () => {
  const data = Float32Array.of(1, 2);
  const written = store.write("a", [2], "f32", data);
  data.fill(9);
  await written;
  expect((await store.read("a")).data).toEqual(Float32Array.of(1, 2));
});

test("a view into a larger buffer is written from its own offset", async () => {
  await store.write("view", [2], "f32", new Float32Array(Float32Array.of(1, 2, 3, 4).buffer, 8, 2));
  expect((await store.read("view")).data).toEqual(Float32Array.of(3, 4));
});

test("names are known as soon as the call is made, and forgotten on removal", async () => {
  void store.write("b", [1], "f32", Float32Array.of(1));
  void store.write("a", [1], "f32", Float32Array.of(1));
  expect(store.names()).toEqual(["a", "b"]);
  expect(store.has("a")).toBe(true);
  await store.remove("a");
  expect(store.has("a")).toBe(false);
  expect((await failureOf(() => store.read("a"))).code).toBe("STORE_MISSING");
  expect((await failureOf(() => store.remove("a"))).message).toContain("value 'a'");
});

test("an overwritten value may change its shape", async () => {
  await store.write("a", [1], "f32", Float32Array.of(1));
  await store.write("a", [3], "u32", Uint32Array.of(1, 2, 3));
  expect(await store.read("a")).toEqual({ shape: [3], dtype: "u32", data: Uint32Array.of(1, 2, 3) });
});

test("data of another size or type is refused by name", async () => {
  const size = await failureOf(() => store.write("a", [2, 2], "f32", Float32Array.of(1)));
  expect([size.code, size.message]).toEqual([
    "SHAPE",
    "store value 'a': array: expected 4 elements of [2, 2], got 1",
  ]);
  const dtype = await failureOf(() => store.write("a", [1], "f32", Int32Array.of(1)));
  expect([dtype.code, dtype.message]).toEqual(["DTYPE", "store value 'a': array: expected f32, got i32"]);
  expect(store.names()).toEqual([]);
});

test("the pool has the size that was asked for", async () => {
  expect(store.threads).toBe(1);
  const failure = await failureOf(() => loadBackend().createStore({ device: "cpu", threads: 0 }));
  expect([failure.code, failure.message]).toEqual(["DEVICE", "store: threads: expected at least 1, got 0"]);
});

test("a disposed store refuses work, and disposing it again is harmless", async () => {
  const program = await store.compile(scalePlan(4));
  const queued = program.step([Float32Array.of(1, 2, 3, 4)], Float32Array.of(2));
  const disposed = store.dispose();
  expect((await queued)[0]).toEqual(Float32Array.of(2, 4, 6, 8));
  await disposed;
  await store.dispose();
  await program.dispose();
  expect((await failureOf(() => store.write("a", [1], "f32", Float32Array.of(1)))).code).toBe("DISPOSED");
  expect((await failureOf(() => store.compile(productPlan(2)))).code).toBe("DISPOSED");
  expect((await failureOf(() => program.step([new Float32Array(4)], Float32Array.of(1)))).code).toBe(
    "DISPOSED",
  );
});
