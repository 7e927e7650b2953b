import { createHash } from "node:crypto";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { expectError, pictureFile, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { decodeImage } from "./decode.js";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const squash = { size: [8, 8], fit: "squash" } as const;
const cover = { size: [8, 8], fit: "cover" } as const;

/** Left half red, right half blue, 8 x 16. */
const halves = Buffer.from(
  Array.from({ length: 8 * 16 }, (_, place) => (place % 16 < 8 ? [255, 0, 0] : [0, 0, 255])).flat(),
);
const raw = { raw: { height: 8, width: 16, channels: 3 as const } };

beforeAll(async () => {
  const jpeg = await pictureFile("jpeg", { height: 30, width: 40, tint: 3 });
  await writeFiles(folder, {
    "photo.jpg": jpeg,
    "photo.png": await pictureFile("png", { height: 30, width: 40, tint: 3 }),
    "halves.png": await sharp(halves, raw).png().toBuffer(),
    "grey.png": await sharp(halves, raw).greyscale().png().toBuffer(),
    "clear.png": await sharp(halves, raw).ensureAlpha(0).png().toBuffer(),
    "turned.jpg": await sharp(halves, raw).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer(),
    "truncated.jpg": jpeg.subarray(0, jpeg.length / 2),
    "text.jpg": "not a picture",
    "empty.png": "",
  });
});

it("gives the pixels of the pinned libvips, byte for byte", async () => {
  const checksum = async (name: string) =>
    createHash("sha256")
      .update(await decodeImage(at(name), { size: [24, 24], fit: "cover" }))
      .digest("hex")
      .slice(0, 16);
  // Recorded with sharp 0.35.5. A change means that caches, features and results of older runs differ.
  expect([await checksum("photo.png"), await checksum("photo.jpg")]).toEqual([
    "f631009a52d39f99",
    "b9a7d3215c121524",
  ]);
});

it("squashes the whole image or cuts its centre out", async () => {
  const red = (pixels: Uint8Array) => pixels.filter((value, place) => place % 3 === 0 && value > 128).length;
  expect(red(await decodeImage(at("halves.png"), squash))).toBe(32);
  const centre = await decodeImage(at("halves.png"), cover);
  expect([...centre.subarray(0, 3)]).toEqual([255, 0, 0]);
  expect([...centre.subarray(21, 24)]).toEqual([0, 0, 255]);
  expect(red(centre)).toBe(32);
});

it("gives three channels for grey images and white for transparent places", async () => {
  const grey = await decodeImage(at("grey.png"), squash);
  expect(grey).toHaveLength(192);
  expect(grey[0]).toBe(grey[1]);
  expect(new Set(await decodeImage(at("clear.png"), squash))).toEqual(new Set([255]));
});

it("turns a photo upright", async () => {
  const pixels = await decodeImage(at("turned.jpg"), squash);
  expect(pixels[0]).toBeGreaterThan(200);
  expect(pixels[7 * 3]).toBeGreaterThan(200);
  expect(pixels[7 * 8 * 3 + 2]).toBeGreaterThan(200);
});

it("names a missing image and says what to do", async () => {
  await expectError(
    () => decodeImage(at("gone.jpg"), squash),
    "IMAGE_MISSING",
    at("gone.jpg"),
    "restore the file",
  );
});

it.each(["truncated.jpg", "text.jpg", "empty.png"])("names the undecodable image %s", async (name) => {
  const error = await expectError(
    () => decodeImage(at(name), squash),
    "IMAGE_UNDECODABLE",
    at(name),
    "replace",
  );
  expect(error.details).toEqual({ file: at(name) });
});
