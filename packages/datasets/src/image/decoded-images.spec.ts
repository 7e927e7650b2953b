import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles, writePictures } from "../testing/fixtures.js";
import { channelMean } from "./channel-mean.js";
import { decodedImages } from "./decoded-images.js";

const folder = await temporaryFolder();
const photos = join(folder, "photos");
await writePictures(photos, 5);
await writeFiles(photos, { "bad.jpg": "no picture", "worse.jpg": "nor this" });
const files = [0, 1, 2, 3, 4].map((index) => join(photos, `${index}.jpg`));
const open = (names: readonly string[], size = 8) =>
  decodedImages({
    files: names,
    decode: { size: [size, size], fit: "squash" },
    directory: join(folder, "cache"),
  });

it("decodes once for the same files and size, again when a file or the size changes", async () => {
  expect((await open(files)).reused).toBe(false);
  const again = await open(files);
  expect(again.reused).toBe(true);
  expect(again.images).toMatchObject({ kind: "pixels", count: 5, shape: [8, 8, 3] });
  expect((await open(files, 4)).reused).toBe(false);
  await utimes(files[2] as string, 1, 1);
  expect((await open(files)).reused).toBe(false);
});

it("names every faulty image at once", async () => {
  const faulty = [
    join(photos, "gone.jpg"),
    files[0] as string,
    join(photos, "bad.jpg"),
    join(photos, "worse.jpg"),
  ];
  const error = await expectError(
    () => open(faulty),
    "CORPUS_INVALID",
    "3 images",
    "gone.jpg",
    "bad.jpg",
    "worse.jpg",
  );
  expect(error.details.files).toEqual([faulty[0], faulty[2], faulty[3]]);
});

it("keeps the error of a single faulty image", async () => {
  await expectError(() => open([...files, join(photos, "bad.jpg")]), "IMAGE_UNDECODABLE", "bad.jpg");
});

it("averages the channels over the wanted images", async () => {
  const { images } = await open(files);
  const [red, green, blue] = await channelMean(images, Int32Array.of(0));
  expect(red).toBeGreaterThan(80);
  expect(green).toBeGreaterThan(80);
  expect(blue).toBeLessThan(20);
  const [, , mean] = await channelMean(images, Int32Array.of(0, 1, 2, 3, 4));
  expect(Math.abs(mean - (37 * (0 + 1 + 2 + 3 + 4)) / 5)).toBeLessThan(4);
});
