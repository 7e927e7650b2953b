import { describe, expect, it } from "vitest";
import { startBudget } from "./budget.js";
import { countOutcomes, lineOf, partOf, runProgram, statusOf, type Outcome } from "./part.js";

const node = (script: string): string[] => [process.execPath, "-e", script];
const line = (figures: object): string => `console.log(${JSON.stringify(JSON.stringify(figures))});`;
const ample = startBudget(600);

describe("a part of the suite", () => {
  it("takes the last object that its program prints", () => {
    const part = runProgram("p", node(`${line({ holds: false })}${line({ holds: true, rows: 2 })}`), ample);
    expect([part.outcome, part.figures]).toEqual(["ok", { holds: true, rows: 2 }]);
    expect(lineOf(part)).toMatch(/^ok +\d+\.\d s {2}p$/);
  });

  it("fails with the program's end and its last words", () => {
    const part = runProgram("p", node("console.error('no engine'); process.exit(3)"), ample);
    expect(part.outcome).toBe("failed");
    expect(part.figures).toEqual({ ended: 3, stderr: "no engine\n" });
  });

  it("fails where the program says that it does not hold", () => {
    expect(runProgram("p", node(line({ holds: false })), ample).outcome).toBe("failed");
  });

  it("is cut with all its children when its time is over, and keeps what it had said", () => {
    const waiting = ["sh", "-c", `echo '${JSON.stringify({ holds: true, rows: 1 })}'; sleep 60`];
    const around = ["sh", "-c", '"$@"; true', "sh"]; // a shell that waits for its child
    const part = runProgram("p", waiting, ample, { around, most: 4 });
    expect([part.outcome, part.figures["rows"]]).toEqual(["cut", 1]);
    expect(part.figures["cut"]).toBe("ended after 4 s");
    expect(part.seconds).toBeLessThan(30);
  });

  it("is not started, and says so, when the suite's time is over", () => {
    const part = runProgram("p", node(line({ holds: true })), startBudget(1));
    expect([part.outcome, part.seconds]).toEqual(["cut", 0]);
    expect(part.figures).toEqual({ cut: "the suite's time was over before" });
  });
});

describe("the suite's status", () => {
  const statusAfter = (...outcomes: Outcome[]): number =>
    statusOf(countOutcomes(outcomes.map((outcome) => partOf("p", outcome))));

  it("is 0 only where nothing failed, was cut, or was all absent", () => {
    expect(statusAfter("ok", "absent", "ok")).toBe(0);
    expect(statusAfter("absent")).toBe(1);
  });

  it("is 1 where a part failed, whatever was cut beside it", () => {
    expect(statusAfter("ok", "failed", "cut")).toBe(1);
  });

  it("is 3 where time cut a part", () => {
    expect(statusAfter("ok", "cut")).toBe(3);
    expect(statusAfter("cut", "absent")).toBe(3);
  });
});

describe("a budget", () => {
  it("runs out with the clock", () => {
    let time = 100;
    const budget = startBudget(8, () => time);
    time = 105;
    expect(budget.left()).toBe(3);
  });
});
