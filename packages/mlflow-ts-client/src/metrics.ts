import { z } from "zod";
import { api, type Connection } from "./connection.js";
import { limits } from "./limits.js";
import { toArray, walkPages } from "./pages.js";
import { metricSchema, pageOf } from "./schemas.js";
import type { CallOptions, MetricPoint } from "./types.js";

export interface BulkHistory {
  readonly runIds: readonly string[];
  readonly metricKey: string;
  /** Points per run, 1..2500; the server samples steps when there are more. */
  readonly maxResults?: number | undefined;
  readonly startStep?: number | undefined;
  readonly endStep?: number | undefined;
}

export interface Metrics {
  /** Every point of a metric, page by page, in the server's order. */
  history(runId: string, metricKey: string, options?: CallOptions): AsyncIterable<MetricPoint>;
  /** Every point of a metric, sorted by step and then time. */
  historyArray(runId: string, metricKey: string, options?: CallOptions): Promise<MetricPoint[]>;
  /** Sampled curves of one metric for many runs, by run id: the fastest way to draw a report. */
  bulkHistory(query: BulkHistory, options?: CallOptions): Promise<Map<string, MetricPoint[]>>;
}

const page = pageOf("metrics", metricSchema);
const bulk = z.looseObject({
  metrics: z.array(z.intersection(metricSchema, z.looseObject({ runId: z.string() }))).default([]),
});

/** The metric reading calls of a connection. */
export function metricCalls(connection: Connection): Metrics {
  const history: Metrics["history"] = (runId, metricKey, options) =>
    walkPages((pageToken) => {
      // Some servers answer nothing at all, page after page, when max_results is absent.
      const query = { runId, metricKey, maxResults: limits.historyPage, pageToken };
      return connection.call({ method: "GET", path: `${api}/metrics/get-history`, query }, page, options);
    });

  return {
    history,
    async historyArray(runId, metricKey, options) {
      const points = await toArray(history(runId, metricKey, options));
      return points.sort((a, b) => a.step - b.step || a.timestamp - b.timestamp);
    },
    async bulkHistory({ runIds, maxResults = limits.bulkHistoryPoints, ...rest }, options) {
      const curves = new Map<string, MetricPoint[]>(runIds.map((runId) => [runId, []]));
      for (let first = 0; first < runIds.length; first += limits.bulkHistoryRuns) {
        const query = { ...rest, maxResults, runIds: runIds.slice(first, first + limits.bulkHistoryRuns) };
        const path = `${api}/metrics/get-history-bulk-interval`;
        const { metrics } = await connection.call({ method: "GET", path, query }, bulk, options);
        for (const { runId, ...point } of metrics) curves.get(runId)?.push(point);
      }
      return curves;
    },
  };
}
