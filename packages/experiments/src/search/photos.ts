import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";
import { LARGEST_PHOTO } from "@dualpath/datasets";
import sharp from "sharp";
import { ExperimentError, messageOf } from "../errors.js";

/** Kinds of picture that are photos, as the decoder names them. */
const PHOTO_FORMATS: readonly string[] = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

const EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".heic"]);

/**
 * Paths of the photos in a folder and the folders below it, relative to it and in order; hidden files and links are
 * passed over. Throws PHOTOS when there is no such folder or no photo in it.
 */
export async function listPhotos(folder: string): Promise<string[]> {
  const root = resolve(folder);
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) {
    const message = `${folder}: there is no such folder; name the folder that holds the photos.`;
    throw new ExperimentError("PHOTOS", message, { folder });
  }
  const photos = await photosBelow(root, "");
  if (photos.length > 0) return photos;
  const message = `${folder} holds no photos (${[...EXTENSIONS].join(", ")}), nor do the folders below it.`;
  throw new ExperimentError("PHOTOS", message, { folder });
}

async function photosBelow(root: string, below: string): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  const photos: string[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith("."))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) photos.push(...(await photosBelow(root, path)));
    else if (entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) photos.push(path);
  }
  return photos;
}

/** The file of a photo, links followed. Throws PHOTOS when it is gone, or lies outside the folder. */
export async function photoFile(folder: string, photo: string): Promise<string> {
  const root = await realpath(resolve(folder)).catch(() => undefined);
  const file = root && (await realpath(resolve(root, photo)).catch(() => undefined));
  if (file !== undefined && root !== undefined && file.startsWith(root + sep)) return file;
  const problem = file === undefined ? "there is no such photo any more" : "lies outside the photo folder";
  throw new ExperimentError("PHOTOS", `${photo}: ${problem} (${folder}).`, { folder, photo });
}

const unreadable = (photo: string | Uint8Array, problem: string): ExperimentError => {
  const name = typeof photo === "string" ? photo : "the picture";
  return new ExperimentError("PHOTOS", `${name} cannot be read: ${problem}; take a JPEG, PNG or WebP photo.`);
};

/**
 * Throws PHOTOS for what is no photo, whatever its name says: only photos are decoded. Why a file cannot be opened, the
 * decoder says better.
 */
export async function requirePhoto(photo: string | Uint8Array): Promise<void> {
  const format = await sharp(photo)
    .metadata()
    .then(
      (metadata) => metadata.format ?? "unknown",
      (error: unknown) => {
        if (typeof photo === "string") return undefined;
        throw unreadable(photo, messageOf(error).trim());
      },
    );
  if (format !== undefined && !PHOTO_FORMATS.includes(format))
    throw unreadable(photo, `it is of the kind '${format}'`);
}

/** A photo upright and at most `side` pixels long, as JPEG. Throws PHOTOS for what is no photo, torn or too large. */
export async function thumbnailOf(photo: string, side: number): Promise<Buffer> {
  await requirePhoto(photo);
  try {
    return await sharp(photo, { limitInputPixels: LARGEST_PHOTO })
      .autoOrient()
      .resize({ width: side, height: side, fit: "inside", withoutEnlargement: true })
      .flatten({ background: "white" })
      .jpeg({ quality: 82 })
      .toBuffer();
  } catch (error) {
    throw unreadable(photo, messageOf(error).trim());
  }
}
