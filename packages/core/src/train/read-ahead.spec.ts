import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readAhead } from "./read-ahead.js";

describe("reading ahead", () => {
  it("asks for the next item while the present one is worked on, so that work hides the wait", async () => {
    let made = 0;
    const source = async function* () {
      for (; made < 3;) {
        await sleep(20);
        yield made++;
      }
    };
    const ahead = readAhead(source());
    const first = await ahead.next();
    await sleep(200);
    expect(made).toBe(2);
    const second = await ahead.next();
    expect(first).toMatchObject({ done: false, value: 0 });
    expect(second).toMatchObject({ done: false, value: 1 });
    expect(first.done ? 0 : first.waitedSeconds).toBeGreaterThan(0.01);
    expect(second.done ? 1 : second.waitedSeconds).toBeLessThan(first.done ? 0 : first.waitedSeconds);
    expect(await ahead.next()).toMatchObject({ value: 2 });
    expect(await ahead.next()).toEqual({ done: true });
  });

  it("hands on the source's error with the item that failed, and nothing before", async () => {
    const source = async function* () {
      yield 1;
      throw new Error("disk gone");
    };
    const ahead = readAhead(source());
    expect(await ahead.next()).toMatchObject({ value: 1 });
    await expect(ahead.next()).rejects.toThrow("disk gone");
  });

  it("tells the source when no more is wanted", async () => {
    let closed = false;
    const source = async function* () {
      try {
        for (let item = 0; ; item++) yield item;
      } finally {
        closed = true;
      }
    };
    const ahead = readAhead(source());
    await ahead.next();
    await ahead.close();
    expect(closed).toBe(true);
  });
});
