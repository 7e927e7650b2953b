import type { Problem } from "../captions/problems.js";
import { numberedLines } from "../captions/records.js";

/** Captions that are about another photo: by image id, their numbers from 1. */
export type UnrelatedCaptions = ReadonlyMap<string, ReadonlySet<number>>;

/** Parses `UNRELATED_CAPTIONS`: `<image id> <caption number>` a line, `#` before comments. */
export function parseUnrelatedCaptions(
  file: string,
  text: string,
): { unrelated: UnrelatedCaptions; problems: Problem[] } {
  const unrelated = new Map<string, Set<number>>();
  const problems: Problem[] = [];
  for (const { number, line } of numberedLines(text)) {
    if (line.startsWith("#") || line.trim() === "") continue;
    const match = /^\s*(\w{1,64})\s+(\d{1,2})\s*$/.exec(line);
    if (match) {
      const id = match[1] as string;
      unrelated.set(id, (unrelated.get(id) ?? new Set()).add(Number(match[2])));
    } else
      problems.push({
        code: "CAPTION_FORMAT",
        file,
        record: `line ${number}`,
        message: "expected <image id> <caption number>; fetch the file again",
      });
  }
  return { unrelated, problems };
}
