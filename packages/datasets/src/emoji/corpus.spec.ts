import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openEmoji } from "./corpus.js";

const cacheDirectory = await mkdtemp(join(tmpdir(), "emoji-corpus-"));
afterAll(() => rm(cacheDirectory, { recursive: true }));

it("opens with one row of pixels, group and vendor for each picture", async () => {
  const corpus = await openEmoji({ cacheDirectory, size: 8, splitSeed: 1, protocol: "P2" });
  expect(corpus.name).toBe("emoji P2, split 1");
  expect(corpus.images).toHaveLength(8804 * 8 * 8 * 3);
  expect([corpus.imageGroup.length, corpus.imageVendor.length]).toEqual([8804, 8804]);
  expect(corpus.checksum).toMatch(/^[0-9a-f]{64}$/);
}, 120_000);

it("refuses an unknown split before it renders anything", async () => {
  const rendered: number[] = [];
  const onProgress = ({ done }: { done: number }) => void rendered.push(done);
  const opening = openEmoji({ cacheDirectory, size: 4, splitSeed: 9, onProgress });
  await expect(opening).rejects.toMatchObject({ code: "SPLIT_UNKNOWN" });
  expect(rendered).toEqual([]);
});
