import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CaptionRecord } from "../captions/records.js";

const FOLDERS_2014 = ["train2014", "val2014"];
const FOLDERS_2017 = ["train2017", "val2017"];

/** More of a name is not looked at. */
const LONGEST_TAIL = 40;

/** COCO's number of an image, whatever folder, prefix and zeros its name has; equal for 2014 and 2017. */
export function cocoNumber(name: string): string {
  const digits = /(\d+)(?:\.[A-Za-z]+)?\s*$/.exec(name.slice(-LONGEST_TAIL))?.[1];
  return digits === undefined ? name : digits.padStart(12, "0");
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/**
 * Points Karpathy's 2014 names at the folders of 2017 where only these are there: the photos are the same,
 * COCO moved and renamed them.
 */
export async function locateImages(
  directory: string,
  records: readonly CaptionRecord[],
): Promise<readonly CaptionRecord[]> {
  const [old, current] = await Promise.all(
    [FOLDERS_2014, FOLDERS_2017].map(async (folders) =>
      Promise.all(folders.map(async (folder) => [folder, await namesIn(join(directory, folder))] as const)),
    ),
  );
  if (old?.some(([, names]) => names.length > 0)) return records;
  const placeOf = new Map(
    (current ?? []).flatMap(([folder, names]) =>
      names.map((name) => [cocoNumber(name), `${folder}/${name}`] as const),
    ),
  );
  return records.map((record) => ({
    ...record,
    image: placeOf.get(cocoNumber(record.image)) ?? record.image,
  }));
}
