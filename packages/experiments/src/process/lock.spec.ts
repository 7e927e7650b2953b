import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { identify, isAlive, ownIdentity } from "./identity.js";
import { lockOwner, takeLock } from "./lock.js";
import { stopProcess } from "./stop.js";

function sleeper(): number {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.pid === undefined) throw new Error("no child");
  return child.pid;
}

describe("the identity of a process", () => {
  it("tells a living process from a dead one and from another of the same number", () => {
    const own = ownIdentity();
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, started: "earlier" })).toBe(false);
    expect(identify(2 ** 22 - 1)).toBeUndefined();
  });

  it("counts a process of another host as alive", () => {
    expect(isAlive({ ...ownIdentity(), host: "elsewhere", started: "x" })).toBe(true);
  });
});

describe("a lock", () => {
  it("is held by one process until it is released", () => {
    const file = join(temporaryDirectory(), "lock");
    const first = takeLock(file);
    expect(takeLock(file)).toEqual({ heldBy: ownIdentity() });
    if ("lock" in first) first.lock.release();
    expect(existsSync(file)).toBe(false);
    expect(takeLock(file)).toHaveProperty("lock");
  });

  it("is taken over from a process that died, even if another has its number now", () => {
    const file = join(temporaryDirectory(), "lock");
    writeFileSync(file, JSON.stringify({ ...ownIdentity(), started: "long ago" }));
    expect(takeLock(file)).toHaveProperty("lock");
    expect(lockOwner(file)).toEqual(ownIdentity());
  });

  it("is taken over when its file is damaged", () => {
    const file = join(temporaryDirectory(), "lock");
    writeFileSync(file, "{");
    expect(takeLock(file)).toHaveProperty("lock");
  });

  it("leaves no other file behind", async () => {
    const directory = temporaryDirectory();
    const pid = sleeper();
    const owner = identify(pid);
    if (owner === undefined) throw new Error("no owner");
    const file = join(directory, "lock");
    writeFileSync(file, JSON.stringify(owner));
    expect(takeLock(file)).toEqual({ heldBy: owner });
    await stopProcess(owner, 5000);
    expect(takeLock(file)).toHaveProperty("lock");
    const { readdirSync } = await import("node:fs");
    expect(readdirSync(directory)).toEqual(["lock"]);
  });
});

describe("stopping a process", () => {
  it("uses force on one that does not listen", async () => {
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')";
    const child = spawn(process.execPath, ["-e", deaf], { stdio: ["ignore", "pipe", "ignore"] });
    await once(child.stdout, "data");
    const identity = identify(child.pid ?? 0);
    if (identity === undefined) throw new Error("no child");
    await stopProcess(identity, 200);
    expect(isAlive(identity)).toBe(false);
  });
});
