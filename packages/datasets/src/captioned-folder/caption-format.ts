import { parseCocoFile, parseKarpathyFile } from "../captions/json-files.js";
import type { CaptionFile } from "../captions/records.js";
import { parseCaptionTable, parseTokenFile } from "../captions/text-files.js";
import type { CaptionsConfig } from "../config.js";

type KnownFormat = Exclude<CaptionsConfig["format"], "auto">;

/** Guesses the form of a caption file: JSON with annotations is COCO's, other JSON Karpathy's; a tab means tokens. */
export function guessFormat(text: string): KnownFormat {
  if (/^\s*[{[]/.test(text)) return /"annotations"\s*:/.test(text) ? "coco" : "karpathy";
  const newline = text.indexOf("\n");
  const firstLine = newline < 0 ? text : text.slice(0, newline);
  return firstLine.includes("\t") ? "tokens" : "table";
}

/** Parses a caption file in the configured form. */
export function parseCaptions(
  file: string,
  text: string,
  config: Pick<CaptionsConfig, "format" | "restval">,
): CaptionFile {
  const parsers: Record<KnownFormat, () => CaptionFile> = {
    tokens: () => parseTokenFile(file, text),
    table: () => parseCaptionTable(file, text),
    karpathy: () => parseKarpathyFile(file, text, config.restval),
    coco: () => parseCocoFile(file, text),
  };
  return parsers[config.format === "auto" ? guessFormat(text) : config.format]();
}
