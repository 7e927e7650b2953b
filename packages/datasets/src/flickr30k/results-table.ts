import { checkRecords, numberedLines, type CaptionFile, type CaptionRecord } from "../captions/records.js";
import type { Problem } from "../captions/problems.js";

/**
 * Kaggle's copy of the token file: `image_name| comment_number| comment`. One line of it lacks the second
 * bar.
 */
const LINE = /^([^|]+)\|\s*\d+\s*(?:\||\s)\s*(.*)$/s;

/** Parses Kaggle's `results.csv` of Flickr30k. Faulty lines become problems. */
export function parseResultsTable(file: string, text: string): CaptionFile {
  const records: CaptionRecord[] = [];
  const problems: Problem[] = [];
  for (const { number, line } of numberedLines(text)) {
    if (number === 1 && /^image_name\s*\|/.test(line)) continue;
    const record = `line ${number}`;
    const match = LINE.exec(line);
    if (match) records.push({ image: (match[1] as string).trim(), caption: match[2] as string, record });
    else
      problems.push({
        code: "CAPTION_FORMAT",
        file,
        record,
        message: "expected <image>| <number>| <caption>; correct the line",
      });
  }
  return checkRecords(file, records, problems);
}
