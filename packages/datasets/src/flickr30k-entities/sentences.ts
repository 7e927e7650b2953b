import type { Problem } from "../captions/problems.js";
import { numberedLines } from "../captions/records.js";

/** A noun phrase of a caption. */
export interface MarkedPhrase {
  /**
   * Mentions of one chain mean the same thing, in all captions of the image; 0: nothing that is annotated.
   */
  readonly chain: number;
  /**
   * people, clothing, bodyparts, animals, vehicles, instruments, scene, other, notvisual; often one,
   * sometimes more.
   */
  readonly types: readonly string[];
  readonly text: string;
  /** Place of its first word in the caption's text, words being set apart by spaces. */
  readonly firstWord: number;
}

/** A caption and its phrases in order. */
export interface Sentence {
  /** Number within the image, from 1. */
  readonly number: number;
  /** The caption without markup. */
  readonly text: string;
  readonly phrases: readonly MarkedPhrase[];
}

const PHRASE = /\[\/EN#(\d{1,15})((?:\/[a-z]+)+) ([^[\]]+)\]/g;
const LEFT_OVER = /\[\/EN|\]/;

function wordsOf(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

function parseLine(number: number, line: string): Sentence | undefined {
  const phrases: MarkedPhrase[] = [];
  const words: string[] = [];
  let end = 0;
  for (const match of line.matchAll(PHRASE)) {
    const [all, chain, types, text] = match as unknown as [string, string, string, string];
    const before = line.slice(end, match.index);
    const own = wordsOf(text);
    if (LEFT_OVER.test(before) || own.length === 0) return undefined;
    for (const word of wordsOf(before)) words.push(word);
    phrases.push({
      chain: Number(chain),
      types: types.slice(1).split("/"),
      text: own.join(" "),
      firstWord: words.length,
    });
    for (const word of own) words.push(word);
    end = match.index + all.length;
  }
  const rest = line.slice(end);
  if (LEFT_OVER.test(rest)) return undefined;
  return { number, text: [...words, ...wordsOf(rest)].join(" "), phrases };
}

/** Parses a file of `Sentences`: one caption a line, `[/EN#<chain>/<type>... words]` around phrases. */
export function parseSentences(file: string, text: string): { sentences: Sentence[]; problems: Problem[] } {
  const sentences: Sentence[] = [];
  const problems: Problem[] = [];
  for (const { number, line } of numberedLines(text)) {
    const sentence = parseLine(number, line);
    if (sentence) sentences.push(sentence);
    else
      problems.push({
        code: "CAPTION_FORMAT",
        file,
        record: `line ${number}`,
        message: "phrase markup [/EN#<chain>/<type> words] is not closed or nested; fetch the file again",
      });
  }
  if (sentences.length === 0 && problems.length === 0)
    problems.push({ code: "CAPTION_EMPTY", file, message: "the file holds no caption; fetch it again" });
  return { sentences, problems };
}
