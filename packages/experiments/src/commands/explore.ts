import { once } from "node:events";
import { resolve } from "node:path";
import { availableCores } from "../process/cores.js";
import { addressOf, requirePort, serveExplorer } from "../explore/server.js";
import { Searcher } from "../search/searcher.js";
import type { CommandContext } from "./experiment-run.js";

export interface ExploreOptions {
  /** One index, or several to compare side by side. */
  readonly index: readonly string[];
  readonly port: number;
  readonly threads?: number | undefined;
}

/** `explore`: serves one page on 127.0.0.1 that searches the indexes, until it is stopped. Throws INDEX, PORT_IN_USE. */
export async function exploreCommand(
  options: ExploreOptions,
  { output, signal }: CommandContext,
): Promise<void> {
  await requirePort(options.port);
  const threads = options.threads ?? availableCores();
  const searchers: Searcher[] = [];
  try {
    for (const index of options.index)
      searchers.push(await Searcher.open(resolve(index), { threads, signal }));
    const server = await serveExplorer(searchers, options.port);
    output.write(`Explore: ${addressOf(server)}\nPress Ctrl-C to stop it.\n`);
    if (!signal.aborted) await once(signal, "abort");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  } finally {
    for (const searcher of searchers) await searcher.dispose();
  }
}
