import { z } from "zod";
import type { Problem } from "../captions/problems.js";
import { checkRecords, parseCorpusJson, type CaptionFile, type CaptionRecord } from "../captions/records.js";
import { DatasetError } from "../errors.js";

const SPLITS = { train: "train", val: "validation", validation: "validation", test: "test" } as const;

const annotationsSchema = z.array(
  z.object({
    split: z.enum(["train", "val", "validation", "test"]).optional(),
    captions: z.array(z.string()),
    file_path: z.string().min(1),
    id: z.number().int().nonnegative(),
  }),
);

type Annotation = z.output<typeof annotationsSchema>[number];

function parseAnnotations(file: string, text: string): Annotation[] {
  const parsed = annotationsSchema.safeParse(parseCorpusJson(file, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") || "top level";
  throw new DatasetError(
    "FILE_FORMAT",
    `${file}, ${place}: is not a CUHK-PEDES annotation (${issue?.message}); check that this is the right file`,
    { file, record: place },
    { cause: parsed.error },
  );
}

/** Some copies write `imgs/CUHK01/...`, some with a backslash. */
function imagePath(path: string): string {
  return path.replaceAll("\\", "/").replace(/^(?:\.\/)?imgs\//, "");
}

function recordsOf(annotation: Annotation, place: string): CaptionRecord[] {
  const { captions, split, id } = annotation;
  const image = imagePath(annotation.file_path);
  return captions.map((caption, number) => ({
    image,
    caption,
    identity: id,
    ...(split !== undefined && { split: SPLITS[split] }),
    record: `${place}.captions.${number}`,
  }));
}

/**
 * Parses `reid_raw.json`, `CUHK-PEDES.json` or `caption_all.json` (without splits). Errors: `FILE_FORMAT`.
 */
export function parseCuhkPedes(file: string, text: string): CaptionFile {
  const problems: Problem[] = [];
  const records: CaptionRecord[] = [];
  const seen = new Set<string>();
  parseAnnotations(file, text).forEach((annotation, index) => {
    const image = imagePath(annotation.file_path);
    const problem = (code: Problem["code"], message: string) =>
      problems.push({ code, file, record: String(index), message: `${image}: ${message}` });
    if (seen.has(image)) problem("CORPUS_INVALID", "the image is listed twice; delete one entry");
    else if (annotation.captions.length === 0)
      problem("CAPTION_EMPTY", "the image has no caption; write one or delete the entry");
    else records.push(...recordsOf(annotation, String(index)));
    seen.add(image);
  });
  return checkRecords(file, records, problems);
}
