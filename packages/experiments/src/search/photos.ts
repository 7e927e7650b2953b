import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";
import { ExperimentError } from "../errors.js";

/** Kinds of picture that are photos, as the decoder names them. */
export const PHOTO_FORMATS: readonly string[] = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

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
