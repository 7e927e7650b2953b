/** States the server keeps; it answers 200 to any other and ignores it. */
export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";
export const runStatuses: readonly RunStatus[] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

export type ViewType = "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type Param = Tag;

/** One point of a curve. `timestamp` in milliseconds since 1970; `value` may be NaN or infinite. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** A point to write; newer servers also keep the model and dataset it belongs to. */
export interface MetricEntry extends MetricPoint {
  readonly modelId?: string | undefined;
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
}

export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  readonly artifactLocation: string;
  /** `active` or `deleted`. */
  readonly lifecycleStage: string;
  readonly creationTime: number | undefined;
  readonly lastUpdateTime: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RunInfo {
  readonly runId: string;
  readonly runName: string;
  readonly experimentId: string;
  readonly status: string;
  readonly startTime: number;
  readonly endTime: number | undefined;
  readonly artifactUri: string;
  /** `active` or `deleted`. */
  readonly lifecycleStage: string;
}

export interface Run {
  readonly info: RunInfo;
  readonly data: {
    /** The last point of every metric, by key. */
    readonly metrics: Readonly<Record<string, MetricPoint>>;
    readonly params: Readonly<Record<string, string>>;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly inputs: { readonly datasetInputs: readonly DatasetInput[] };
}

/** A dataset as `log-inputs` takes it; `digest` at most 36 characters, `schema` and `profile` JSON text. */
export interface Dataset {
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema?: string | undefined;
  readonly profile?: string | undefined;
}

export interface DatasetInput {
  readonly dataset: Dataset;
  readonly tags: Readonly<Record<string, string>>;
}

/** A dataset to record with a run; `context` is shown by the UI, for example "train" or "test". */
export interface DatasetUse {
  readonly dataset: Dataset;
  readonly context?: string | undefined;
}

export interface ArtifactFile {
  /** Path from the artifact root. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Bytes; undefined for directories. */
  readonly size: number | undefined;
}

export interface LoggedModel {
  readonly info: {
    readonly modelId: string;
    readonly experimentId: string;
    readonly name: string;
    readonly artifactUri: string;
    /** LOGGED_MODEL_PENDING, LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED. */
    readonly status: string;
    readonly modelType: string | undefined;
    readonly sourceRunId: string | undefined;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly data: {
    readonly params: Readonly<Record<string, string>>;
    readonly metrics: readonly MetricPoint[];
  };
}

export interface RegisteredModel {
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Version number by alias. */
  readonly aliases: Readonly<Record<string, string>>;
}

export interface ModelVersion {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly source: string;
  readonly runId: string | undefined;
  readonly aliases: readonly string[];
}

/** What every call accepts besides its own arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Overrides the client's time-out for this call. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Overrides the client's number of repetitions for this call. */
  readonly retries?: number | undefined;
}
