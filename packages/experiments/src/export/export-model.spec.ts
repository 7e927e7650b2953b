import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { openSafetensors } from "@dualpath/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainTiny, trainTinyOnFeatures } from "../testing/trained.js";
import { trialExperiment } from "../trial/locate.js";
import { trialDirectory } from "../sweep/directory.js";
import { modelCard } from "../report/card.js";
import { exportCommand } from "../commands/export.js";
import { workspace } from "../workspace/root.js";
import { exportModel } from "./export-model.js";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "dualpath-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = { format: "onnx", int8: false, card: "# a model\n" } as const;
const preprocessingOf = (output: string): unknown =>
  JSON.parse(readFileSync(join(output, "preprocessing.json"), "utf8"));

describe("an exported model", () => {
  it("comes with its preprocessing and its card, as ONNX or as weights", async () => {
    const { checkpoint } = await trainTiny(folder, 1, 1);
    const output = join(folder, "onnx");
    const files = await exportModel({ ...options, checkpoint, output });
    expect(files).toEqual(
      ["image.onnx", "text.onnx", "preprocessing.json", "README.md"].map((name) => join(output, name)),
    );
    expect(preprocessingOf(output)).toMatchObject({
      image: { size: [32, 32], fit: "squash", area: 1, input: expect.stringMatching(/^uint8 /) },
      text: { length: 8, lowerCase: true, tokenizer: { normalization: "NFC" } },
      views: { flip: false, positions: 1 },
      pixels: { mean: [123.675, 116.28, 103.53] },
    });
    expect(readFileSync(join(output, "README.md"), "utf8")).toBe("# a model\n");
    const weights = join(folder, "weights");
    await exportModel({ ...options, checkpoint, output: weights, format: "safetensors" });
    const copy = await openSafetensors(join(weights, "model.safetensors"));
    expect([...copy.entries.keys()].some((name) => name.startsWith("image.trunk."))).toBe(true);
    await copy.close();
  }, 60_000);

  it("with int8 weights says in its card what they cost", async () => {
    const { checkpoint } = await trainTinyOnFeatures(folder);
    const output = join(folder, "int8");
    const place = { ...workspace(), local: join(folder, "local") };
    const { signal } = new AbortController();
    const context = { workspace: place, output: new PassThrough() as unknown as NodeJS.WriteStream, signal };
    await exportCommand({ checkpoint, format: "onnx", output, int8: true }, context);
    const [, section = ""] = readFileSync(join(output, "README.md"), "utf8").split("## int8 weights\n");
    const rows = [...section.matchAll(/^\| (float32|int8) \| all \| (\S.*?) \|.* \| ([\d.]+) \|$/gm)];
    expect(rows.map(([, weights]) => weights)).toEqual(["float32", "int8"]);
    for (const [, , split, rsum] of rows) {
      expect(split).toMatch(/test$/);
      expect(Number(rsum)).toBeGreaterThan(0);
    }
  }, 60_000);

  it.each([
    ["onnx", "trunk.onnx"],
    ["safetensors", "trunk.safetensors"],
  ] as const)(
    "of a frozen trunk's features takes the trunk along, as %s, and its card names it",
    async (format, file) => {
      const { checkpoint } = await trainTinyOnFeatures(folder);
      const output = join(folder, `features-${format}`);
      const directory = trialDirectory(join(folder, "trial"));
      const experiment = trialExperiment(directory);
      const card = modelCard(experiment, directory);
      const { features } = experiment;
      expect(await exportModel({ ...options, format, checkpoint, output, card, features })).toContain(
        join(output, file),
      );
      expect(preprocessingOf(output)).toMatchObject({
        image: {
          size: [32, 32],
          input: expect.stringMatching(
            `^float32 \\[batch, 4\\], what ${file} makes of uint8 .*; the mean with the features of the mirror`,
          ),
        },
        pixels: { mean: [123.675, 116.28, 103.53] },
      });
      expect(readFileSync(join(output, "README.md"), "utf8")).toMatch(/"features": \{\s+"trunk"/);
    },
    60_000,
  );

  it("of features from elsewhere says so", async () => {
    const { checkpoint } = await trainTinyOnFeatures(folder);
    const output = join(folder, "elsewhere");
    await exportModel({ ...options, checkpoint, output });
    expect(preprocessingOf(output)).toMatchObject({
      image: { input: "float32 [batch, 4], features that were computed elsewhere" },
    });
    expect(preprocessingOf(output)).not.toHaveProperty("pixels");
  }, 60_000);
});
