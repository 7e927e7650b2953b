import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyExperiment } from "../testing/tiny-corpus.js";
import { trainTiny } from "../testing/trained.js";
import { workspace } from "../workspace/root.js";
import { commandLine } from "./program.js";

let folder: string;
let checkpoint: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  ({ checkpoint } = await trainTiny(folder, 1, 3));
  writeFileSync(join(dirname(checkpoint), "config.yaml"), tinyExperiment(join(folder, "corpus"), "", 3));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What evaluating the training split prints behind the name of the checkpoint: the rules, and the table. */
async function evaluated(...rules: string[]): Promise<{ rules: string; table: string }> {
  const output = new PassThrough();
  const context = {
    workspace: { ...workspace(), local: join(folder, "local") },
    output: output as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  };
  const command = ["evaluate", "--checkpoint", checkpoint, "--split", "train", ...rules];
  await commandLine(context).parseAsync(command, { from: "user" });
  const [, behind = ""] = String(output.read()).split(`${checkpoint}\n`);
  const [line = "", table = ""] = behind.split("\n\n");
  return { rules: line, table };
}

describe("the rules of a test", () => {
  it("are the trial's unless the command names others", async () => {
    const { rules, table } = await evaluated();
    expect(rules).toBe("feature pre-relu, flip false, convolutional false, positions 1");
    const same = await evaluated("--no-flip", "--feature", "pre-relu", "--positions", "1");
    expect(same).toEqual({ rules, table });
  });

  it.each([
    [["--feature", "post-relu"], "feature post-relu, flip false, convolutional false, positions 1"],
    [["--convolutional"], "feature pre-relu, flip false, convolutional true, positions 1"],
    [["--positions", "all"], "feature pre-relu, flip false, convolutional false, positions all"],
  ])("change what is measured: %s", async (options, rules) => {
    const [own, other] = [await evaluated(), await evaluated(...options)];
    expect(other.rules).toBe(rules);
    expect(other.table).not.toBe(own.table);
  });

  it("change nothing by adding mirrored photos of things that are their own mirror images", async () => {
    const [own, other] = [await evaluated(), await evaluated("--flip")];
    expect(other.rules).toBe("feature pre-relu, flip true, convolutional false, positions 1");
    expect(other.table).toBe(own.table);
  });

  it("are refused where they are none", async () => {
    await expect(evaluated("--feature", "relu")).rejects.toThrow(/Allowed choices are pre-relu, post-relu/);
    await expect(evaluated("--positions", "some")).rejects.toThrow(
      /expected a whole number above 0, got 'some'/,
    );
  });
});
