import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { CaptionSource } from "../captions/caption-set.js";
import type { Problem } from "../captions/problems.js";

function rootOf(image: string): string {
  return image.split("/", 1)[0] ?? image;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function imagesByRoot({ records }: CaptionSource): Map<string, Set<string>> {
  const roots = new Map<string, Set<string>>();
  for (const { image } of records) {
    const root = rootOf(image);
    if (root === image) continue;
    const images = roots.get(root) ?? new Set();
    roots.set(root, images.add(image));
  }
  return roots;
}

/** One problem for a folder of images that is missing as a whole, in place of one an image. */
export async function withoutMissingRoots(source: CaptionSource): Promise<CaptionSource> {
  const missing = new Set<string>();
  const problems: Problem[] = [];
  for (const [root, images] of imagesByRoot(source)) {
    const folder = join(source.imageFolder, root);
    if (await isFolder(folder)) continue;
    missing.add(root);
    problems.push({
      code: "IMAGE_MISSING",
      file: folder,
      message: `no such folder, though ${images.size} images lie in it; ask for the whole data set and unpack it there`,
    });
  }
  const records = source.records.filter(({ image }) => !missing.has(rootOf(image)));
  return { ...source, records, problems: [...source.problems, ...problems] };
}
