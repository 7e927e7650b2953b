import { describe, expect, it, onTestFinished } from "vitest";
import { interruptible } from "./interrupt.js";
import { workspaceRoot } from "./workspace.js";

describe("an interruption", () => {
  it("is raised by SIGINT, and nothing listens before or after", () => {
    const before = process.listenerCount("SIGINT");
    const first = interruptible();
    process.emit("SIGINT");
    expect(first.signal.aborted).toBe(true);
    const second = interruptible();
    second.release();
    expect(second.signal.aborted).toBe(false);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it("is heard by nobody else, who hear the next one", () => {
    const heard: string[] = [];
    const other = (): void => void heard.push("other");
    process.on("SIGINT", other);
    onTestFinished(() => void process.off("SIGINT", other));
    const { signal, release } = interruptible();
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
