import { spawnSync } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { interruptible } from "./interrupt.js";
import { workspaceRoot } from "./workspace.js";

describe("an interruption", () => {
  it("is raised by SIGINT, and nothing listens before or after", async () => {
    const before = process.rawListeners("SIGINT");
    const first = interruptible();
    await nextTurn();
    process.emit("SIGINT");
    expect(first.signal.aborted).toBe(true);
    const second = interruptible();
    second.release();
    await nextTurn();
    expect(second.signal.aborted).toBe(false);
    expect(process.rawListeners("SIGINT")).toEqual(before);
  });

  it("is raised in a kernel that runs the beginning of a cell with breakOnSigint, as tslab does", () => {
    const built = new URL("../../dist/session/interrupt.js", import.meta.url).href;
    const script = `
      import { runInThisContext } from "node:vm";
      import { interruptible } from ${JSON.stringify(built)};
      process.on("SIGINT", () => console.log("the kernel's"));
      globalThis.interruptible = interruptible;
      const cell = "(async () => { const stop = interruptible(); await 0; process.kill(process.pid, 'SIGINT');" +
        "await new Promise((resolve) => setTimeout(resolve, 200)); return stop.signal.aborted; })()";
      console.log(await runInThisContext(cell, { breakOnSigint: true }));
    `;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(stdout).toBe("true\n");
  });

  it("is heard by nobody else, who hear the next one", async () => {
    const heard: string[] = [];
    const other = (): void => void heard.push("other");
    process.on("SIGINT", other);
    onTestFinished(() => void process.off("SIGINT", other));
    const { signal, release } = interruptible();
    await nextTurn();
    process.emit("SIGINT");
    expect([signal.aborted, heard]).toEqual([true, []]);
    process.emit("SIGINT");
    release();
    process.emit("SIGINT");
    expect(heard).toEqual(["other", "other"]);
  });

  it("is raised when the time is over", async () => {
    const { signal, release } = interruptible({ seconds: 0.01 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    release();
    expect(signal.aborted).toBe(true);
  });
});

describe("the workspace", () => {
  it("is found from below, and missed elsewhere", () => {
    expect(workspaceRoot(`${process.cwd()}/src/session`)).toBe(workspaceRoot());
    expect(() => workspaceRoot("/")).toThrow("inside the Dualpath repository");
  });
});
