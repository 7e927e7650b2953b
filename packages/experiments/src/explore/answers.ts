import { basename } from "node:path";
import { messageOf } from "../errors.js";
import { photoFile } from "../search/photos.js";
import type { Hit, Searcher, SentenceResult } from "../search/searcher.js";

/** What one index answers; `error` stands in place of hits. */
export interface Answer {
  readonly index: number;
  /** The checkpoint, as a person calls it. */
  readonly title: string;
  readonly about: string;
  readonly hits?: readonly Hit[];
  readonly unknown?: readonly string[];
  readonly error?: string;
}

/** What all indexes answer to one query. */
export interface Answers {
  readonly results: readonly Answer[];
  readonly milliseconds: number;
}

const HITS = 24;

type Ask = (searcher: Searcher) => Promise<SentenceResult>;

const onlyHits = (hits: readonly Hit[]): SentenceResult => ({ hits, unknown: [] });

/** Asks every index; one that cannot answer says why beside the others. */
async function askAll(searchers: readonly Searcher[], ask: Ask): Promise<Answers> {
  const started = performance.now();
  const results: Answer[] = [];
  for (const [index, searcher] of searchers.entries()) {
    const face = { index, ...describe(searcher) };
    const answer = await ask(searcher).catch((error: unknown) => ({ error: messageOf(error) }));
    results.push({ ...face, ...answer });
  }
  return { results, milliseconds: performance.now() - started };
}

export const askSentence = (searchers: readonly Searcher[], sentence: string): Promise<Answers> =>
  askAll(searchers, (searcher) => searcher.bySentence(sentence, HITS));

export const askPhoto = (searchers: readonly Searcher[], photo: Uint8Array): Promise<Answers> =>
  askAll(searchers, async (searcher) => onlyHits(await searcher.byPhoto(photo, HITS)));

/** Photos like photo `row` of one index; the other indexes look at its file. */
export const askLike = (searchers: readonly Searcher[], from: Searcher, row: number): Promise<Answers> =>
  askAll(searchers, async (searcher) => {
    if (searcher === from) return onlyHits(await from.byRow(row, HITS));
    const file = await photoFile(from.photos, from.index.names[row] ?? "");
    return onlyHits(await searcher.byPhoto(file, HITS));
  });

function describe({ index, model, approximate }: Searcher): { title: string; about: string } {
  const search =
    approximate === undefined
      ? "exact search"
      : `approximate search, recall ${(100 * approximate.recall).toFixed(1)} %`;
  const [trial = "", file = ""] = [model.file.split("/").at(-3), basename(model.file, ".safetensors")];
  return { title: `${trial} / ${file}`, about: `${index.names.length} photos, ${search}.` };
}
