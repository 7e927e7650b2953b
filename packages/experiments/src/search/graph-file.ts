import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { ExactSearch, Store, type Neighbours } from "@dualpath/core";
import { ExperimentError } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { ApproximateSearch, recallOf, type BuildOptions } from "./approximate.js";
import type { PhotoIndex } from "./index-file.js";

/** How well an approximate index finds what exact search finds. */
const reportSchema = z.object({
  /** The index that it was built from. */
  index: z.string(),
  vectors: z.int().positive(),
  queries: z.int().positive(),
  neighbours: z.int().positive(),
  recall: z.number().min(0).max(1),
});

export type GraphReport = z.infer<typeof reportSchema>;

const QUERIES = 100;
const NEIGHBOURS = 10;

const graphFile = (index: string): string => `${index}.graph`;
const reportFile = (index: string): string => `${index}.graph.json`;

/** Whether an approximate index lies beside an index. */
export const hasGraph = (index: string): boolean => existsSync(reportFile(index));

/** Builds and keeps the approximate index of an index, `<index>.graph`, and measures it against exact search. */
export async function buildGraph(index: PhotoIndex, options: BuildOptions): Promise<GraphReport> {
  const graph = await ApproximateSearch.build(index.vectors, options);
  graph.save(graphFile(index.file));
  const queries = await spreadRows(index);
  const exact = await exactly(index, queries, options.threads);
  const report = {
    index: index.id,
    vectors: index.names.length,
    queries: exact.length,
    neighbours: NEIGHBOURS,
    recall: recallOf(await graph.search(queries, NEIGHBOURS), exact),
  };
  writeWhole(reportFile(index.file), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Opens the approximate index beside an index. Throws INDEX when it is of another one, or damaged. */
export function openGraph(
  index: PhotoIndex,
  threads: number,
): { readonly graph: ApproximateSearch; readonly report: GraphReport } {
  const report = readReport(index);
  return { graph: ApproximateSearch.load(graphFile(index.file), index.vectors, threads), report };
}

function readReport({ file, id }: PhotoIndex): GraphReport {
  const fail = (problem: string): never => {
    const message = `${reportFile(file)}: ${problem}. Build it again with experiments:embed --approximate.`;
    throw new ExperimentError("INDEX", message, { file, problem });
  };
  if (!hasGraph(file)) return fail("there is no approximate index");
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(reportFile(file), "utf8")));
    return report.index === id ? report : fail("the approximate index was built from another index");
  } catch (error) {
    return error instanceof ExperimentError
      ? fail(error.details["problem"] as string)
      : fail("it cannot be read");
  }
}

/** Rows spread over the index, as queries. */
async function spreadRows({ vectors }: PhotoIndex): Promise<Float32Array> {
  const count = Math.min(QUERIES, vectors.count);
  const queries = new Float32Array(count * vectors.dimension);
  for (let query = 0; query < count; query++) {
    const row = Math.floor((query * vectors.count) / count);
    queries.set(await vectors.read(row, 1), query * vectors.dimension);
  }
  return queries;
}

async function exactly(index: PhotoIndex, queries: Float32Array, threads: number): Promise<Neighbours[]> {
  const store = Store.open({ device: "cpu", threads });
  try {
    return await (await ExactSearch.open(store, index.vectors)).search(queries, NEIGHBOURS);
  } finally {
    await store.dispose();
  }
}
