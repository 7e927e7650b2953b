import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import { availableCores } from "../process/cores.js";
import { formatText } from "../report/table.js";
import { Searcher, type Hit } from "../search/searcher.js";
import type { CommandContext } from "./experiment-run.js";

export interface SearchCommandOptions {
  readonly index: string;
  readonly photo?: string | undefined;
  readonly top: number;
  readonly checkpoint?: string | undefined;
  readonly threads?: number | undefined;
  readonly exact?: boolean | undefined;
  readonly approximate?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `search`: the photos of an index that fit a sentence, or that are like a photo, best first. Throws QUERY, PHOTOS, INDEX. */
export async function searchCommand(
  sentence: string | undefined,
  options: SearchCommandOptions,
  { output, signal }: CommandContext,
): Promise<readonly Hit[]> {
  checkQuery(sentence, options);
  const threads = options.threads ?? availableCores();
  const { checkpoint, index } = options;
  const searcher = await Searcher.open(resolve(index), {
    threads,
    checkpoint,
    kind: kindOf(options),
    signal,
  });
  try {
    const { hits, unknown } =
      options.photo === undefined
        ? await searcher.bySentence(sentence ?? "", options.top)
        : { hits: await searcher.byPhoto(resolve(options.photo), options.top), unknown: [] };
    if (options.json === true) output.write(`${JSON.stringify(hits, null, 2)}\n`);
    else output.write(`${notes(searcher, unknown)}${hitTable(hits)}\n\nPhotos: ${searcher.photos}\n`);
    return hits;
  } finally {
    await searcher.dispose();
  }
}

function checkQuery(sentence: string | undefined, { photo, exact, approximate }: SearchCommandOptions): void {
  if ((sentence === undefined) === (photo === undefined))
    throw new ExperimentError("USAGE", "give either a sentence in quotes or --photo FILE.");
  if (exact === true && approximate === true)
    throw new ExperimentError("USAGE", "give either --exact or --approximate.");
  if (photo === undefined || existsSync(resolve(photo))) return;
  throw new ExperimentError("PHOTOS", `${photo}: there is no such photo; correct the path.`, { photo });
}

const kindOf = ({ exact, approximate }: SearchCommandOptions): "exact" | "approximate" | undefined => {
  if (exact === true) return "exact";
  return approximate === true ? "approximate" : undefined;
};

function notes({ approximate }: Searcher, unknown: readonly string[]): string {
  const words = unknown.length === 0 ? "" : `The model does not know: ${unknown.join(", ")}.\n`;
  const recall =
    approximate === undefined
      ? ""
      : `Approximate search: it finds ${(100 * approximate.recall).toFixed(1)} % of what exact search finds.\n`;
  return `${words}${recall}`;
}

const hitTable = (hits: readonly Hit[]): string =>
  formatText({
    header: ["", "score", "photo"],
    rows: hits.map(({ photo, score }, place) => [String(place + 1), score.toFixed(3), photo]),
  });
