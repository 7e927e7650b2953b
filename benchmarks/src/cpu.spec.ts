import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { Contestant } from "./contestant.js";
import { rowsOf } from "./rows.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const MEBIBYTE = 2 ** 20;
const emoji = { items: 64, unit: "images/s" };
const times = { ours: 0.5, peer: 1, ratio: 2, spread: [1.5, 2.5] as const };
const comparison = { ...times, ourPeakBytes: 2 * MEBIBYTE, peerPeakBytes: 3 * MEBIBYTE };

it("a comparison has a row of throughput and one of peak memory, in both above 1 where we are ahead", () => {
  expect(rowsOf("emoji", emoji, comparison, { ownBytes: 0, plannedBytes: undefined })).toEqual([
    { name: "emoji", ours: 128, peer: 64, ratio: 2, spread: [1.5, 2.5], unit: "images/s" },
    { name: "emoji, peak memory", ours: 2, peer: 3, ratio: 1.5, spread: [1.5, 1.5], unit: "MiB" },
  ]);
});

it("a workload that was planned has its memory above Node's own beside what the plan said", () => {
  const own = { ownBytes: 1.5 * MEBIBYTE, plannedBytes: 0.25 * MEBIBYTE };
  expect(rowsOf("emoji", emoji, comparison, own)[2]).toEqual({
    name: "emoji, memory above Node's own beside the plan",
    ours: 0.5,
    peer: 0.25,
    ratio: 0.5,
    spread: [0.5, 0.5],
    unit: "MiB",
  });
});

/** A stand-in for Python: a script of Node that gives these replies, a line each. */
function pythonThatAnswers(...replies: readonly string[]): string {
  const program = join(temporaryFolder(), "python");
  const script = `const replies = ${JSON.stringify(replies)};
    require("node:readline").createInterface({ input: process.stdin }).on("line", () => {
      if (replies.length === 0) process.exit(1);
      console.log(replies.shift());
    });`;
  writeFileSync(program, `#!${process.execPath}\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

it("a contestant is asked line by line, and its end is an error that names what it was asked", async () => {
  const python = pythonThatAnswers('{"loaded":"emoji","ownBytes":5}', '{"seconds":[1,2],"peakBytes":7}');
  const contestant = await Contestant.pytorch(python, { load: "emoji" });
  expect(contestant).toMatchObject({ ownBytes: 5, plannedBytes: undefined });
  expect(await contestant.run(2)).toEqual({ seconds: [1, 2], peakBytes: 7 });
  await expect(contestant.run(2)).rejects.toThrow('serve.py ended at {"run":2}');
});

it("a missing PyTorch is said at once, and leaves nothing behind", () => {
  const folder = temporaryFolder();
  const { DUALPATH_PYTORCH: _python, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("../dist/cpu.js", import.meta.url))],
    { encoding: "utf8", env: { ...environment, TMPDIR: folder } },
  );
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("Set DUALPATH_PYTORCH to a Python interpreter that has PyTorch");
  expect(readdirSync(folder)).toEqual([]);
});
