// npx nx run benchmarks:search -- [--sizes 7000,1000000] [--dimension N] [--threads N] [--exact] [--json FILE]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ExactSearch, Store, type Neighbours, type RowSource } from "@dualpath/core";
import { ApproximateSearch, recallOf } from "@dualpath/experiments";
import { syntheticVectors } from "./synthetic-vectors.js";

/** One way to search one number of vectors. */
interface Row {
  readonly vectors: number;
  readonly search: "exact" | "approximate";
  readonly openSeconds: number;
  /** Of all threads; unlike the clock it says the same on a busy machine. */
  readonly openProcessorSeconds: number;
  /** Median and 95th percentile of single queries. */
  readonly milliseconds: number;
  readonly slowMilliseconds: number;
  readonly recall: number;
  /** Memory of the process above what it had before. */
  readonly mebibytes: number;
}

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "7000,1000000" },
    dimension: { type: "string", default: "64" },
    threads: { type: "string", default: "1" },
    exact: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const [dimension, threads] = [Number(values.dimension), Number(values.threads)];

const NEIGHBOURS = 10;
const QUERIES = 100;
const QUERY_SEED = 2 ** 30;

const rss = (): number => process.memoryUsage.rss() / 2 ** 20;

const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function timed<T>(run: () => Promise<T> | T) {
  const [started, computed] = [performance.now(), processorSeconds()];
  const result = await run();
  return {
    result,
    seconds: (performance.now() - started) / 1000,
    processor: processorSeconds() - computed,
  };
}

const openTimes = ({ seconds, processor }: { readonly seconds: number; readonly processor: number }) => ({
  openSeconds: seconds,
  openProcessorSeconds: processor,
});

interface Searcher {
  search(queries: Float32Array, k: number): Promise<Neighbours[]>;
}

/** Queries one at a time, as a person asks them; the first one, which compiles, is not counted. */
async function latencies(searcher: Searcher, queries: Float32Array) {
  const found: Neighbours[] = [];
  const seconds: number[] = [];
  await searcher.search(queries.subarray(0, dimension), NEIGHBOURS);
  for (let first = 0; first < queries.length; first += dimension) {
    const one = await timed(() => searcher.search(queries.subarray(first, first + dimension), NEIGHBOURS));
    found.push(one.result[0]!);
    seconds.push(one.seconds * 1000);
  }
  seconds.sort((a, b) => a - b);
  const at = (share: number): number => seconds[Math.floor(share * (seconds.length - 1))]!;
  return { found, milliseconds: at(0.5), slowMilliseconds: at(0.95) };
}

async function measureExact(rows: RowSource, queries: Float32Array) {
  const before = rss();
  const store = Store.open({ device: "cpu", threads });
  const opened = await timed(() => ExactSearch.open(store, rows));
  const { found, ...times } = await latencies(opened.result, queries);
  const mebibytes = rss() - before;
  await store.dispose();
  const row: Row = {
    vectors: rows.count,
    search: "exact",
    ...openTimes(opened),
    ...times,
    recall: 1,
    mebibytes,
  };
  return { found, row };
}

async function measureApproximate(
  rows: RowSource,
  queries: Float32Array,
  truth: readonly Neighbours[],
): Promise<Row> {
  const before = rss();
  const built = await timed(() => ApproximateSearch.build(rows, { threads, onProgress: tenths(rows.count) }));
  const { found, ...times } = await latencies(built.result, queries);
  const recall = recallOf(found, truth);
  const mebibytes = rss() - before;
  return { vectors: rows.count, search: "approximate", ...openTimes(built), ...times, recall, mebibytes };
}

async function measure(vectors: number): Promise<Row[]> {
  const rows = syntheticVectors(vectors, dimension, 0);
  const queries = await syntheticVectors(QUERIES, dimension, QUERY_SEED).read(0, QUERIES);
  const { found, row } = await measureExact(rows, queries);
  return values.exact ? [row] : [row, await measureApproximate(rows, queries, found)];
}

function tenths(total: number): (done: number) => void {
  let shown = 0;
  return (done) => {
    const part = Math.floor((10 * done) / total);
    if (part > shown) console.error(`${total} vectors: ${part * 10} % in the graph`);
    shown = part;
  };
}

const results: Row[] = [];
for (const vectors of values.sizes.split(",").map(Number)) {
  results.push(...(await measure(vectors)));
  console.table(results);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
