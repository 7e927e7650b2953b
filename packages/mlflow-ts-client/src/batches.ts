import { MlflowValidationError } from "./errors.js";
import { limits } from "./limits.js";
import type { MetricEntry, Param, Tag } from "./types.js";
import { validateMetric, validateParam, validateTag } from "./validate.js";
import { toWire } from "./wire.js";

/** What one log-batch call carries. */
export interface Batch {
  readonly params: readonly Param[];
  readonly tags: readonly Tag[];
  readonly metrics: readonly MetricEntry[];
}

/** One param, tag or point. */
export type BatchItem =
  | { readonly kind: "params"; readonly value: Param }
  | { readonly kind: "tags"; readonly value: Tag }
  | { readonly kind: "metrics"; readonly value: MetricEntry };

interface Counted {
  readonly params: Param[];
  readonly tags: Tag[];
  readonly metrics: MetricEntry[];
  bytes: number;
}

const mostOfKind = {
  params: limits.paramsPerBatch,
  tags: limits.tagsPerBatch,
  metrics: limits.metricsPerBatch,
} as const;

// Room for the run id and the names of the three lists.
const envelopeBytes = 1000;

/**
 * Validates everything and cuts it into calls within the server's limits: 1000 metrics, 100 params, 100 tags, 1000
 * entities together and 1 MB. Order is kept; a param given twice with one value is sent once, a tag given twice has
 * its last value.
 * @throws MlflowValidationError for a bad key, value, step or timestamp, or a param given two values.
 */
export function cutBatches(batch: Partial<Batch>): Batch[] {
  const items = batchItems({
    params: uniqueParams(batch.params ?? []),
    tags: lastTags(batch.tags ?? []),
    metrics: batch.metrics ?? [],
  });
  const batches: Counted[] = [];
  for (const item of items) {
    validate(item);
    const bytes = Buffer.byteLength(JSON.stringify(toWire(item.value))) + 1;
    let last = batches.at(-1);
    if (last === undefined || !hasRoom(last, item.kind, bytes)) {
      last = emptyBatch();
      batches.push(last);
    }
    add(last, item);
    last.bytes += bytes;
  }
  return batches.map(({ params, tags, metrics }) => ({ params, tags, metrics }));
}

/** A batch as a flat list: params, then tags, then points. */
export function batchItems({ params, tags, metrics }: Batch): BatchItem[] {
  return [
    ...params.map((value): BatchItem => ({ kind: "params", value })),
    ...tags.map((value): BatchItem => ({ kind: "tags", value })),
    ...metrics.map((value): BatchItem => ({ kind: "metrics", value })),
  ];
}

/** The batch of a flat list, unlimited and unchecked. */
export function batchOf(items: readonly BatchItem[]): Batch {
  const batch = emptyBatch();
  items.forEach((item) => add(batch, item));
  return batch;
}

/** Number of params, tags and points in a batch. */
export function batchSize(batch: Batch): number {
  return batch.params.length + batch.tags.length + batch.metrics.length;
}

function emptyBatch(): Counted {
  return { params: [], tags: [], metrics: [], bytes: envelopeBytes };
}

function add(batch: Counted, item: BatchItem): void {
  if (item.kind === "params") batch.params.push(item.value);
  else if (item.kind === "tags") batch.tags.push(item.value);
  else batch.metrics.push(item.value);
}

function hasRoom(batch: Counted, kind: BatchItem["kind"], bytes: number): boolean {
  if (batch[kind].length >= mostOfKind[kind]) return false;
  return batchSize(batch) < limits.entitiesPerBatch && batch.bytes + bytes <= limits.batchBytes;
}

function validate(item: BatchItem): void {
  if (item.kind === "params") validateParam(item.value);
  else if (item.kind === "tags") validateTag(item.value);
  else validateMetric(item.value);
}

function uniqueParams(params: readonly Param[]): Param[] {
  const known = new Map<string, Param>();
  for (const param of params) {
    const earlier = known.get(param.key);
    if (earlier !== undefined && earlier.value !== param.value) {
      throw new MlflowValidationError(
        `param '${param.key}': given two values, '${earlier.value}' and '${param.value}'; a param never changes`,
        { key: param.key, values: [earlier.value, param.value] },
      );
    }
    known.set(param.key, earlier ?? param);
  }
  return [...known.values()];
}

function lastTags(tags: readonly Tag[]): Tag[] {
  return [...new Map(tags.map((tag) => [tag.key, tag])).values()];
}
