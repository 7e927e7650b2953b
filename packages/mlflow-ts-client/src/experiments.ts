import { z } from "zod";
import { api, type Connection } from "./connection.js";
import { isAlreadyExists, isNotFound, MlflowValidationError } from "./errors.js";
import { walkPages } from "./pages.js";
import { emptyReply, experimentSchema, pageOf } from "./schemas.js";
import type { CallOptions, Experiment, ViewType } from "./types.js";
import { validateExperimentName, validateKey } from "./validate.js";

export interface NewExperiment {
  readonly name: string;
  readonly artifactLocation?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface ExperimentSearch {
  readonly filter?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly viewType?: ViewType | undefined;
  readonly pageSize?: number | undefined;
}

export interface Experiments {
  /** The experiment of that name, deleted ones included (see `lifecycleStage`), or `undefined`. */
  getByName(name: string, options?: CallOptions): Promise<Experiment | undefined>;
  get(experimentId: string, options?: CallOptions): Promise<Experiment>;
  /** Creates an experiment and gives its id; a name in use is an MlflowHttpError RESOURCE_ALREADY_EXISTS. */
  create(experiment: NewExperiment, options?: CallOptions): Promise<string>;
  /**
   * The experiment of that name, made if absent. Several processes may ask at once. A deleted one is restored, or
   * refused with an MlflowValidationError if `deleted` is "error". Tags are set when the experiment lacks them.
   */
  createOrGet(
    experiment: NewExperiment & { readonly deleted?: "restore" | "error" | undefined },
    options?: CallOptions,
  ): Promise<Experiment>;
  search(search?: ExperimentSearch, options?: CallOptions): AsyncIterable<Experiment>;
  setTag(experimentId: string, key: string, value: string, options?: CallOptions): Promise<void>;
  rename(experimentId: string, name: string, options?: CallOptions): Promise<void>;
  delete(experimentId: string, options?: CallOptions): Promise<void>;
  restore(experimentId: string, options?: CallOptions): Promise<void>;
}

const one = z.looseObject({ experiment: experimentSchema }).transform((reply) => reply.experiment);
const created = z.looseObject({ experimentId: z.string() }).transform((reply) => reply.experimentId);
const page = pageOf("experiments", experimentSchema);

/** The experiment calls of a connection. */
export function experimentCalls(connection: Connection): Experiments {
  const path = (name: string) => `${api}/experiments/${name}`;

  const post = async (name: string, json: object, options?: CallOptions) => {
    await connection.call({ method: "POST", path: path(name), json }, emptyReply, options);
  };

  const calls: Experiments = {
    async getByName(experimentName, options) {
      try {
        const request = { method: "GET", path: path("get-by-name"), query: { experimentName } } as const;
        return await connection.call(request, one, options);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    get: (experimentId, options) =>
      connection.call({ method: "GET", path: path("get"), query: { experimentId } }, one, options),
    async create({ name, artifactLocation, tags }, options) {
      validateExperimentName(name);
      const json = { name, artifactLocation, tags: tagList(tags) };
      return connection.call({ method: "POST", path: path("create"), json }, created, options);
    },
    createOrGet: (experiment, options) => createOrGet(calls, experiment, options),
    search: ({ filter, orderBy, viewType, pageSize = 1000 } = {}, options) =>
      walkPages((pageToken) => {
        const json = { filter, orderBy, viewType, maxResults: pageSize, pageToken };
        return connection.call({ method: "POST", path: path("search"), json }, page, options);
      }),
    setTag: (experimentId, key, value, options) =>
      post("set-experiment-tag", { experimentId, key, value }, options),
    rename: (experimentId, newName, options) => post("update", { experimentId, newName }, options),
    delete: (experimentId, options) => post("delete", { experimentId }, options),
    restore: (experimentId, options) => post("restore", { experimentId }, options),
  };
  return calls;
}

async function createOrGet(
  calls: Experiments,
  experiment: NewExperiment & { readonly deleted?: "restore" | "error" | undefined },
  options?: CallOptions,
): Promise<Experiment> {
  const existing =
    (await calls.getByName(experiment.name, options)) ?? (await createRaced(calls, experiment, options));
  if (existing.lifecycleStage === "deleted") await revive(calls, existing, experiment.deleted, options);
  const missing = Object.entries(experiment.tags ?? {}).filter(
    ([key, value]) => existing.tags[key] !== value,
  );
  for (const [key, value] of missing) await calls.setTag(existing.experimentId, key, value, options);
  return { ...existing, lifecycleStage: "active", tags: { ...existing.tags, ...experiment.tags } };
}

async function createRaced(
  calls: Experiments,
  experiment: NewExperiment,
  options?: CallOptions,
): Promise<Experiment> {
  try {
    return await calls.get(await calls.create(experiment, options), options);
  } catch (error) {
    // Another process was faster, or the reply to our own first attempt was lost.
    const winner = isAlreadyExists(error) ? await calls.getByName(experiment.name, options) : undefined;
    if (winner === undefined) throw error;
    return winner;
  }
}

async function revive(
  calls: Experiments,
  experiment: Experiment,
  deleted: "restore" | "error" = "restore",
  options?: CallOptions,
): Promise<void> {
  if (deleted === "error") {
    throw new MlflowValidationError(
      `experiment '${experiment.name}' is deleted: restore it, or delete it for good with 'mlflow gc', or take another name`,
      { experimentId: experiment.experimentId },
    );
  }
  try {
    await calls.restore(experiment.experimentId, options);
  } catch (error) {
    const now = await calls.get(experiment.experimentId, options);
    if (now.lifecycleStage === "deleted") throw error;
  }
}

/** Tags as the list that the server takes, keys checked. */
export function tagList(tags: Readonly<Record<string, string>> = {}): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => {
    validateKey("tag", key);
    return { key, value };
  });
}
