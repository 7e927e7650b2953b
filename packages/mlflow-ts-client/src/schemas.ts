import { z } from "zod";
import type {
  DatasetInput,
  Experiment,
  LoggedModel,
  MetricPoint,
  ModelVersion,
  RegisteredModel,
  Run,
  Tag,
} from "./types.js";
import { decodeMetricValue } from "./wire.js";

// Replies reach these schemas with camelCase names. Unknown fields pass; absent arrays and texts get their empty value.

const text = z.string().default("");
const int64 = z.union([z.number(), z.string().regex(/^-?\d+$/)]).transform(Number);
const optionalText = text.transform((value) => (value === "" ? undefined : value));

const tag = z.looseObject({ key: z.string(), value: text });
const tagRecord = z.array(tag).default([]).transform(recordOf);

function recordOf(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

export const metricSchema = z.looseObject({
  key: z.string(),
  value: z
    .union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"])])
    .default(0)
    .transform(decodeMetricValue),
  timestamp: int64.default(0),
  step: int64.default(0),
}) satisfies z.ZodType<MetricPoint>;

export const experimentSchema = z
  .looseObject({
    experimentId: z.string(),
    name: text,
    artifactLocation: text,
    lifecycleStage: z.string().default("active"),
    creationTime: int64.optional(),
    lastUpdateTime: int64.optional(),
    tags: tagRecord,
  })
  .transform((value): Experiment => ({ creationTime: undefined, lastUpdateTime: undefined, ...value }));

export const datasetInputSchema: z.ZodType<DatasetInput> = z.looseObject({
  dataset: z.looseObject({
    name: text,
    digest: text,
    sourceType: text,
    source: text,
    schema: z.string().optional(),
    profile: z.string().optional(),
  }),
  tags: tagRecord,
});

const runInfo = z
  .looseObject({
    runId: z.string(),
    runName: text,
    experimentId: text,
    status: z.string().default("RUNNING"),
    startTime: int64.default(0),
    endTime: int64.optional(),
    artifactUri: text,
    lifecycleStage: z.string().default("active"),
  })
  .transform((value) => ({ endTime: undefined, ...value }));

const metricRecord = z
  .array(metricSchema)
  .default([])
  .transform((metrics): Record<string, MetricPoint> =>
    Object.fromEntries(metrics.map((metric) => [metric.key, metric])),
  );

const runData = z.looseObject({ metrics: metricRecord, params: tagRecord, tags: tagRecord });
const runInputs = z.looseObject({ datasetInputs: z.array(datasetInputSchema).default([]) });

export const runSchema: z.ZodType<Run> = z.looseObject({
  info: runInfo,
  data: runData.prefault({}),
  inputs: runInputs.prefault({}),
});

export const loggedModelSchema: z.ZodType<LoggedModel> = z.looseObject({
  info: z.looseObject({
    modelId: z.string(),
    experimentId: text,
    name: text,
    artifactUri: text,
    status: z.string().default("LOGGED_MODEL_PENDING"),
    modelType: optionalText,
    sourceRunId: optionalText,
    tags: tagRecord,
  }),
  data: z.looseObject({ params: tagRecord, metrics: z.array(metricSchema).default([]) }).prefault({}),
});

const aliasRecord = z
  .array(z.looseObject({ alias: z.string(), version: z.string() }))
  .default([])
  .transform((aliases): Record<string, string> =>
    Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])),
  );

export const registeredModelSchema: z.ZodType<RegisteredModel> = z.looseObject({
  name: z.string(),
  description: text,
  tags: tagRecord,
  aliases: aliasRecord,
});

export const modelVersionSchema: z.ZodType<ModelVersion> = z.looseObject({
  name: z.string(),
  version: z.string(),
  status: text,
  source: text,
  runId: optionalText,
  aliases: z.array(z.string()).default([]),
});

export const nextPageToken = z.string().optional();

/** For calls whose reply carries nothing. */
export const emptyReply = z.looseObject({});

/** A page of things under `name`, with the token of the next page. */
export function pageOf<T>(name: string, item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z.looseObject({ [name]: z.array(item).default([]), nextPageToken }).transform((page) => ({
    items: page[name] as T[],
    nextPageToken: page["nextPageToken"] as string | undefined,
  }));
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | undefined;
}
