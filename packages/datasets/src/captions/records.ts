import { readFile } from "node:fs/promises";
import { DatasetError, isSystemError, messageOf } from "../errors.js";
import type { Problem } from "./problems.js";

/** One caption of one image, as a caption file has it. */
export interface CaptionRecord {
  /** Path of the image below the image folder. */
  readonly image: string;
  readonly caption: string;
  /** "train", "validation", "test" where the file says so. */
  readonly split?: string;
  /** Who or what is shown, where several images may show the same: a person of CUHK-PEDES. */
  readonly identity?: number;
  /** Where in the file: a line or a JSON path. */
  readonly record: string;
}

/** What a caption file holds and what is wrong with it. */
export interface CaptionFile {
  readonly file: string;
  readonly records: readonly CaptionRecord[];
  readonly problems: readonly Problem[];
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "no such file; correct the path or complete the corpus",
  ENOTDIR: "no such file; correct the path or complete the corpus",
  EISDIR: "is a folder; name the file",
  EACCES: "may not be read; change its permissions",
  ERR_STRING_TOO_LONG: "is too large for a caption file; is it the right file?",
  ERR_FS_FILE_TOO_LARGE: "is too large for a caption file; is it the right file?",
};

/** The typed error for a file that cannot be read; errors of other causes are given back as they are. */
export function unreadable(file: string, error: unknown): unknown {
  const code = Object.keys(UNREADABLE).find((known) => isSystemError(error, known));
  if (code === undefined) return error;
  return new DatasetError("FILE_MISSING", `${file}: ${UNREADABLE[code]}`, { file }, { cause: error });
}

/** Reads a file that the corpus cannot do without. Errors: `FILE_MISSING`. */
export async function readCorpusFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Parses JSON of a corpus file. Errors: `FILE_FORMAT`. */
export function parseCorpusJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DatasetError(
      "FILE_FORMAT",
      `${file}: is not JSON (${messageOf(error)}); fetch the file again`,
      { file },
      { cause: error },
    );
  }
}

/** Lines with their 1-based numbers, empty ones left out. */
export function* numberedLines(text: string): Generator<{ number: number; line: string }> {
  let number = 0;
  for (const raw of text.split("\n")) {
    number++;
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line !== "") yield { number, line };
  }
}

/** True for a path that stays below the folder it is joined to. */
export function isInside(path: string): boolean {
  const parts = path.split(/[\\/]/);
  return path !== "" && !/^([\\/]|[A-Za-z]:)/.test(path) && !parts.includes("..") && !path.includes("\0");
}

const UNSAFE = "the image path leaves the image folder; use a path below it";
const EMPTY = "the caption is empty; write one or delete the entry";

/** Sorts records into usable ones and problems: paths that leave the folder, empty captions. */
export function checkRecords(file: string, records: readonly CaptionRecord[], earlier: readonly Problem[]) {
  const problems = [...earlier];
  const usable = records.filter(({ image, caption, record }) => {
    if (!isInside(image)) problems.push({ code: "CAPTION_FORMAT", file, record, message: UNSAFE });
    else if (caption.trim() === "")
      problems.push({ code: "CAPTION_EMPTY", file, record, message: `${image}: ${EMPTY}` });
    else return true;
    return false;
  });
  return { file, records: usable, problems } satisfies CaptionFile;
}
