import { basename, resolve } from "node:path";
import type { CaptionSource } from "../captions/caption-set.js";
import { parseCocoFile } from "../captions/json-files.js";
import { readCorpusFile } from "../captions/records.js";
import type { MscocoConfig } from "../config.js";
import { requireFile } from "../splits/find-file.js";

const YEARS = ["2014", "2017"] as const;
const PARTS = { train: "train", val: "validation" } as const;

function places(part: string, year: string): string[] {
  const name = `captions_${part}${year}.json`;
  return [`annotations/${name}`, name];
}

/** The year of the annotations: as configured, else that of the training captions that are there. */
export async function annotationYear(
  directory: string,
  year: MscocoConfig["year"],
): Promise<"2014" | "2017"> {
  if (year !== "auto") return year;
  const file = await requireFile(
    directory,
    YEARS.flatMap((candidate) => places("train", candidate)),
    "caption annotations",
    "unpack COCO's annotations there or correct the directory",
  );
  return basename(file).includes("2017") ? "2017" : "2014";
}

/**
 * COCO's own train and val captions, each with the image folder of its name. Errors: `FILE_MISSING`,
 * `FILE_FORMAT`.
 */
export async function readAnnotations(directory: string, year: "2014" | "2017"): Promise<CaptionSource[]> {
  const sources: CaptionSource[] = [];
  for (const [part, split] of Object.entries(PARTS)) {
    const remedy = "unpack COCO's annotations there or correct the year";
    const file = await requireFile(directory, places(part, year), `${part} captions`, remedy);
    const parsed = parseCocoFile(file, await readCorpusFile(file));
    const imageFolder = resolve(directory, `${part}${year}`);
    sources.push({
      ...parsed,
      imageFolder,
      records: parsed.records.map((record) => ({ ...record, split })),
    });
  }
  return sources;
}
