import type { Problem } from "./problems.js";
import { checkRecords, numberedLines, type CaptionFile, type CaptionRecord } from "./records.js";

type ParsedLine = Pick<CaptionRecord, "image" | "caption"> | string;

function readLines(
  file: string,
  text: string,
  parse: (line: string, number: number) => ParsedLine | undefined,
): CaptionFile {
  const records: CaptionRecord[] = [];
  const problems: Problem[] = [];
  for (const { number, line } of numberedLines(text)) {
    const record = `line ${number}`;
    const parsed = parse(line, number);
    if (typeof parsed === "string") problems.push({ code: "CAPTION_FORMAT", file, record, message: parsed });
    else if (parsed) records.push({ ...parsed, record });
  }
  return checkRecords(file, records, problems);
}

/** Flickr30k and original Flickr8k token files: `<image>#<number><TAB><caption>` a line. */
export function parseTokenFile(file: string, text: string): CaptionFile {
  return readLines(file, text, (line) => {
    const match = /^([^\t]+?)#\d+\t(.*)$/.exec(line);
    if (!match) return "expected <image>#<number>, a tab and the caption; correct the line";
    return { image: (match[1] as string).trim(), caption: match[2] as string };
  });
}

function unquote(cell: string): string | undefined {
  if (!cell.startsWith('"')) return cell;
  const trimmed = cell.trimEnd();
  const inner = trimmed.slice(1, -1);
  const isClosed = trimmed.length > 1 && trimmed.endsWith('"') && !inner.replaceAll('""', "").includes('"');
  return isClosed ? inner.replaceAll('""', '"') : undefined;
}

/**
 * Flickr8k `captions.txt`: header `image,caption`, then image, comma and the caption, in quotes where it
 * holds commas.
 */
export function parseCaptionTable(file: string, text: string): CaptionFile {
  return readLines(file, text, (line, number) => {
    if (number === 1 && /^image\s*,\s*caption\s*$/i.test(line)) return undefined;
    const comma = line.indexOf(",");
    if (comma <= 0) return "expected <image>,<caption>; correct the line";
    const caption = unquote(line.slice(comma + 1).trimStart());
    if (caption === undefined)
      return "the quotation mark that opens the caption is not closed; correct the line";
    return { image: line.slice(0, comma).trim(), caption };
  });
}

/** Image names, one a line, with their line numbers. */
export function parseNameList(text: string): { name: string; record: string }[] {
  return [...numberedLines(text)]
    .map(({ number, line }) => ({ name: line.trim(), record: `line ${number}` }))
    .filter(({ name }) => name !== "");
}
