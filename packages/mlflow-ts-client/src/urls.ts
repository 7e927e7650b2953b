import { allOf, tagEquals } from "./filters.js";

/** Address of an experiment's run table in the UI. */
export function experimentUrl(uri: string, experimentId: string): string {
  return `${base(uri)}/experiments/${encodeURIComponent(experimentId)}/runs`;
}

export interface RunsView {
  /** Only runs that carry all of these tags. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** CHART shows the curves of all runs together (the default), TABLE the list. */
  readonly mode?: "CHART" | "TABLE" | undefined;
}

/** Address that opens exactly the runs with the given tags, as charts or as a table. */
export function runsUrl(uri: string, experimentId: string, view: RunsView = {}): string {
  const filters = Object.entries(view.tags ?? {}).map(([name, value]) => tagEquals(name, value));
  const search = filters.length === 0 ? [] : [`searchFilter=${encode(allOf(...filters))}`];
  const mode = view.mode === "TABLE" ? [] : ["compareRunsMode=CHART"];
  const query = [...search, ...mode].join("&");
  return `${experimentUrl(uri, experimentId)}${query === "" ? "" : `?${query}`}`;
}

/** Address of one run's page. */
export function runUrl(uri: string, experimentId: string, runId: string): string {
  return `${experimentUrl(uri, experimentId)}/${encodeURIComponent(runId)}`;
}

/** Address of the comparison (parallel coordinates, scatter, box, contour) of some runs. */
export function compareRunsUrl(
  uri: string,
  experimentIds: readonly string[],
  runIds: readonly string[],
): string {
  const runs = encode(JSON.stringify(runIds));
  return `${base(uri)}/compare-runs?runs=${runs}&experiments=${encode(JSON.stringify(experimentIds))}`;
}

function base(uri: string): string {
  return `${uri.replace(/\/+$/, "")}/#`;
}

// encodeURIComponent leaves the apostrophe, at which terminals end a clickable link.
function encode(text: string): string {
  return encodeURIComponent(text).replace(/'/g, "%27");
}
