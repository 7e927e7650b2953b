import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { cachedWordVectors } from "./cached-vectors.js";

const folder = await temporaryFolder();
const file = join(folder, "vectors.txt");
const cache = join(folder, "cache");
const words = new Set(["red", "dog", "absent"]);
await writeFiles(folder, { "vectors.txt": "red 1 2\nsea 3 4\ndog 5 6\n" });

const read = async (wanted = words) => {
  const { vectors } = await cachedWordVectors(file, wanted, cache);
  return Object.fromEntries([...vectors].map(([word, vector]) => [word, [...vector]]));
};

it("keeps the wanted words and reads them from the cache the next time", async () => {
  const first = await read();
  expect(first).toEqual({ red: [1, 2], dog: [5, 6] });
  const [name] = await readdir(cache);
  const kept = join(cache, name as string);
  await writeFile(kept, Buffer.concat([Buffer.from("1 1\nred "), Buffer.from(Float32Array.of(7).buffer)]));
  expect(await read()).toEqual({ red: [7] });
  await writeFile(kept, "damaged");
  expect(await read()).toEqual(first);
  expect(await read()).toEqual(first);
});

it("reads the file again for other words and when it has changed", async () => {
  expect(await read(new Set(["sea"]))).toEqual({ sea: [3, 4] });
  await writeFiles(folder, { "vectors.txt": "red 9 9\n" });
  await utimes(file, 5, 5);
  expect(await read()).toEqual({ red: [9, 9] });
});

it("names a missing file", async () => {
  await expectError(
    () => cachedWordVectors(join(folder, "gone.bin"), words, cache),
    "FILE_MISSING",
    "gone.bin",
  );
});
