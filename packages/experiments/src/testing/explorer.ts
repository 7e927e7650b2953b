import type { Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, serveExplorer } from "../explore/server.js";
import { embedPhotos } from "../search/embed-photos.js";
import { Searcher } from "../search/searcher.js";
import { TrainedModel } from "../search/trained-model.js";
import { trainTiny, type TrainedTiny } from "./trained.js";

/** The page over two models of the tiny corpus. */
export interface ExplorerBench {
  readonly folder: string;
  readonly tiny: TrainedTiny;
  readonly searchers: readonly Searcher[];
  readonly server: Server;
  readonly address: string;
  readonly close: () => Promise<void>;
}

export async function explorerBench(): Promise<ExplorerBench> {
  const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  const tiny = await trainTiny(folder);
  const searchers = [
    await searcherOf(folder, tiny, 1),
    await searcherOf(folder, await trainTiny(folder, 2, 2), 2),
  ];
  const server = await serveExplorer(searchers, 0);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    for (const searcher of searchers) await searcher.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, tiny, searchers, server, address: addressOf(server), close };
}

async function searcherOf(
  folder: string,
  { checkpoint, photos }: TrainedTiny,
  number: number,
): Promise<Searcher> {
  const index = join(folder, `${number}.index`);
  const model = await TrainedModel.open(checkpoint, { threads: 1, batchSize: 8, device: "cpu" });
  await embedPhotos(model, { photos, index, batchSize: 8 });
  await model.dispose();
  return Searcher.open(index, { threads: 1, device: "cpu" });
}
