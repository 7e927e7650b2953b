import { z } from "zod";
import { DatasetError } from "../errors.js";
import { checkRecords, parseCorpusJson, type CaptionFile, type CaptionRecord } from "./records.js";
import type { Problem } from "./problems.js";

const karpathySchema = z.object({
  images: z.array(
    z.object({
      filename: z.string().min(1),
      filepath: z.string().optional(),
      split: z.enum(["train", "val", "test", "restval"]),
      sentences: z.array(z.object({ raw: z.string() })),
    }),
  ),
});

const cocoSchema = z.object({
  images: z.array(z.object({ id: z.number().int(), file_name: z.string().min(1) })),
  annotations: z.array(z.object({ image_id: z.number().int(), caption: z.string() })),
});

/** What Karpathy's `restval` images (COCO: the rest of val2014) are used for. */
export type RestValidation = "train" | "skip";

function parseAs<T>(schema: z.ZodType<T>, file: string, text: string, form: string): T {
  const parsed = schema.safeParse(parseCorpusJson(file, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") || "top level";
  throw new DatasetError(
    "FILE_FORMAT",
    `${file}, ${place}: is not ${form} (${issue?.message}); check that this is the right file`,
    { file, record: place },
    { cause: parsed.error },
  );
}

function noCaption(file: string, record: string, image: string): Problem {
  return {
    code: "CAPTION_EMPTY",
    file,
    record,
    message: `${image}: the image has no caption; write one or delete the entry`,
  };
}

/** Karpathy's JSON for Flickr8k, Flickr30k and COCO; `val` becomes "validation". Errors: `FILE_FORMAT`. */
export function parseKarpathyFile(
  file: string,
  text: string,
  restval: RestValidation = "train",
): CaptionFile {
  const { images } = parseAs(karpathySchema, file, text, "Karpathy's JSON");
  const records: CaptionRecord[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  images.forEach(({ filename, filepath, split, sentences }, index) => {
    const image = filepath ? `${filepath}/${filename}` : filename;
    const record = `images.${index}`;
    if (split === "restval" && restval === "skip") return;
    if (seen.has(image))
      problems.push({
        code: "CORPUS_INVALID",
        file,
        record,
        message: `${image} is listed twice; delete one entry`,
      });
    else if (sentences.length === 0) problems.push(noCaption(file, record, image));
    else
      sentences.forEach(({ raw }, number) =>
        records.push({
          image,
          caption: raw,
          split: split === "val" ? "validation" : split === "restval" ? "train" : split,
          record: `${record}.sentences.${number}`,
        }),
      );
    seen.add(image);
  });
  return checkRecords(file, records, problems);
}

/** COCO's caption annotations, images in the file's order. Errors: `FILE_FORMAT`. */
export function parseCocoFile(file: string, text: string): CaptionFile {
  const { images, annotations } = parseAs(cocoSchema, file, text, "COCO caption annotations");
  const captions = new Map<number, { caption: string; record: string }[]>(images.map(({ id }) => [id, []]));
  const problems: Problem[] = [];
  annotations.forEach(({ image_id, caption }, index) => {
    const record = `annotations.${index}`;
    const known = captions.get(image_id);
    if (known) known.push({ caption, record });
    else
      problems.push({
        code: "CORPUS_INVALID",
        file,
        record,
        message: `image ${image_id} is not among the images; delete the caption or restore the entry`,
      });
  });
  if (captions.size !== images.length)
    problems.push({
      code: "CORPUS_INVALID",
      file,
      message: "an image id is used twice; give every image its own",
    });
  const records = images.flatMap(({ id, file_name }) =>
    (captions.get(id) ?? []).map(({ caption, record }) => ({ image: file_name, caption, record })),
  );
  images.forEach(({ id, file_name }, index) => {
    if (captions.get(id)?.length === 0) problems.push(noCaption(file, `images.${index}`, file_name));
  });
  return checkRecords(file, records, problems);
}
