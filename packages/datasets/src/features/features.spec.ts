import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { readFeatures } from "./read-features.js";
import { writeFeatures } from "./write-features.js";

const folder = await temporaryFolder();
const names = ["a.jpg", "b.jpg", "c.jpg"];
const content = { names, dimension: 2, source: "tiny trunk" };
const good = join(folder, "good", "features.safetensors");

const writer = await writeFeatures(good, content);
await writer.append(Float32Array.of(1, 2, 3, 4));
await writer.append(Float32Array.of(5, 6));
await writer.finish();
const bytes = await readFile(good);

it("gives features in the order of the images, whatever the order of the file", async () => {
  const features = await readFeatures(good, ["c.jpg", "a.jpg"]);
  expect(features).toMatchObject({ kind: "features", count: 2, shape: [2] });
  expect([...(await features.read([0, 1, 0]))]).toEqual([5, 6, 1, 2, 5, 6]);
});

it("is a safetensors file that others can read", () => {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, object>;
  expect(length % 8).toBe(0);
  expect(header.features).toEqual({ dtype: "F32", shape: [3, 2], data_offsets: [0, 24] });
  expect(bytes.readFloatLE(8 + length + 20)).toBe(6);
});

it("tells features of another corpus by the first image they lack", async () => {
  const other = readFeatures(good, ["a.jpg", "z.jpg", "y.jpg"]);
  await expectError(() => other, "FEATURES_MISMATCH", good, "2 of 3 images", "z.jpg", "another corpus");
});

it("names a missing file", async () => {
  await expectError(() => readFeatures(join(folder, "gone"), names), "FILE_MISSING", join(folder, "gone"));
});

it("takes its name only when it is complete, and leaves nothing when given up", async () => {
  const file = join(folder, "partial", "features.safetensors");
  const partial = await writeFeatures(file, content);
  await partial.append(Float32Array.of(1, 2));
  expect(await readdir(join(folder, "partial"))).not.toContain("features.safetensors");
  await expectError(() => partial.finish(), "FEATURES_MISMATCH", "expected 3 rows, got 1");
  await expectError(() => partial.append(Float32Array.of(1)), "FEATURES_MISMATCH", "whole rows of 2");
  await expectError(() => partial.append(new Float32Array(6)), "FEATURES_MISMATCH", "at most 3");
  await partial.discard();
  expect(await readdir(join(folder, "partial"))).toEqual([]);
});

it("refuses every truncated and every changed file with a typed error", async () => {
  const file = join(folder, "mutated");
  for (let place = 0; place < bytes.length; place++) {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 0x55;
    for (const mutated of [bytes.subarray(0, place), changed]) {
      await writeFiles(folder, { mutated });
      // Changed bytes in free text, such as the source, may go unnoticed; nothing else may.
      const outcome = await readFeatures(file, names).then(
        (features) => features.count,
        (error: { code: string }) => error.code,
      );
      expect([3, "FEATURES_FORMAT", "FEATURES_MISMATCH"]).toContain(outcome);
      if (mutated !== changed || place >= bytes.length - 24) expect(outcome).toBe("FEATURES_FORMAT");
    }
  }
});
