import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { collect } from "../testing/fixtures.js";
import { lookAhead } from "./look-ahead.js";

it("yields in order though later results are ready first", async () => {
  const make = async (index: number) => {
    await wait(10 - index);
    return index;
  };
  expect(await collect(lookAhead(8, 4, make))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

it("makes results while the consumer works, never more than its depth", async () => {
  let running = 0;
  let most = 0;
  let started = 0;
  const make = async (index: number) => {
    started++;
    most = Math.max(most, ++running);
    await wait(1);
    running--;
    return index;
  };
  let seen = 0;
  for await (const index of lookAhead(20, 3, make)) {
    expect(started).toBeGreaterThanOrEqual(Math.min(20, index + 2));
    expect(started).toBeLessThanOrEqual(index + 4);
    seen++;
  }
  expect(seen).toBe(20);
  expect(most).toBeLessThanOrEqual(3);
});

it("starts nothing more after the consumer leaves", async () => {
  let started = 0;
  const make = async (index: number) => {
    started++;
    return index;
  };
  for await (const index of lookAhead(100, 2, make)) if (index === 3) break;
  const afterLeaving = started;
  await wait(5);
  expect(started).toBe(afterLeaving);
  expect(started).toBeLessThan(8);
});

it("throws the reason of an aborted signal", async () => {
  const controller = new AbortController();
  const numbers = lookAhead(10, 2, async (index) => index, controller.signal);
  expect((await numbers.next()).value).toBe(0);
  controller.abort(new Error("stopped by the user"));
  await expect(numbers.next()).rejects.toThrow("stopped by the user");
});

it("passes an error on at its place, without unhandled rejections of the ones behind it", async () => {
  const make = async (index: number) => {
    if (index >= 2) throw new Error(`broken ${index}`);
    return index;
  };
  const numbers = lookAhead(10, 4, make);
  expect((await numbers.next()).value).toBe(0);
  expect((await numbers.next()).value).toBe(1);
  await expect(numbers.next()).rejects.toThrow("broken 2");
});
