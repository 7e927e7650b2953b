import { z } from "zod";
import { api, type Connection } from "./connection.js";
import { isAlreadyExists } from "./errors.js";
import { tagList } from "./experiments.js";
import { limits } from "./limits.js";
import { walkPages } from "./pages.js";
import {
  emptyReply,
  loggedModelSchema,
  modelVersionSchema,
  pageOf,
  registeredModelSchema,
} from "./schemas.js";
import type { CallOptions, LoggedModel, ModelVersion, RegisteredModel } from "./types.js";

export interface NewLoggedModel {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly modelType?: string | undefined;
  readonly sourceRunId?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface LoggedModels {
  /** Creates a model in state LOGGED_MODEL_PENDING; upload its files to `info.artifactUri`, then finalize it. */
  create(model: NewLoggedModel, options?: CallOptions): Promise<LoggedModel>;
  get(modelId: string, options?: CallOptions): Promise<LoggedModel>;
  finalize(
    modelId: string,
    status?: "LOGGED_MODEL_READY" | "LOGGED_MODEL_UPLOAD_FAILED",
    options?: CallOptions,
  ): Promise<LoggedModel>;
  search(
    search: { readonly experimentIds: readonly string[]; readonly filter?: string | undefined },
    options?: CallOptions,
  ): AsyncIterable<LoggedModel>;
  /** Shows models as outputs of a run, at the step they were saved. */
  logOutputs(
    runId: string,
    models: readonly { readonly modelId: string; readonly step: number }[],
    options?: CallOptions,
  ): Promise<void>;
}

export interface NewModelVersion {
  readonly name: string;
  /** For a logged model `models:/<model id>`. */
  readonly source: string;
  readonly runId?: string | undefined;
  readonly modelId?: string | undefined;
}

export interface Registry {
  /** The registered model of that name, made if absent. */
  createOrGetModel(name: string, description?: string, options?: CallOptions): Promise<RegisteredModel>;
  getModel(name: string, options?: CallOptions): Promise<RegisteredModel>;
  createVersion(version: NewModelVersion, options?: CallOptions): Promise<ModelVersion>;
  getVersion(name: string, version: string, options?: CallOptions): Promise<ModelVersion>;
  /** Points an alias (for example "champion") at a version. */
  setAlias(name: string, alias: string, version: string, options?: CallOptions): Promise<void>;
}

const model = z.looseObject({ model: loggedModelSchema }).transform((reply) => reply.model);
const modelPage = pageOf("models", loggedModelSchema);
const registered = z
  .looseObject({ registeredModel: registeredModelSchema })
  .transform((reply) => reply.registeredModel);
const version = z.looseObject({ modelVersion: modelVersionSchema }).transform((reply) => reply.modelVersion);

/** The logged-model calls of a connection. */
export function loggedModelCalls(connection: Connection): LoggedModels {
  const path = `${api}/logged-models`;
  const pathOf = (modelId: string) => `${path}/${encodeURIComponent(modelId)}`;
  return {
    create({ params, tags, ...rest }, options) {
      const json = { ...rest, params: tagList(params), tags: tagList(tags) };
      return connection.call({ method: "POST", path, json, repeatable: false }, model, options);
    },
    get: (modelId, options) => connection.call({ method: "GET", path: pathOf(modelId) }, model, options),
    finalize(modelId, status = "LOGGED_MODEL_READY", options) {
      const json = { modelId, status };
      return connection.call({ method: "PATCH", path: pathOf(modelId), json }, model, options);
    },
    search: (search, options) =>
      walkPages((pageToken) => {
        const json = { ...search, maxResults: limits.loggedModelPage, pageToken };
        return connection.call({ method: "POST", path: `${path}/search`, json }, modelPage, options);
      }),
    async logOutputs(runId, models, options) {
      const json = { runId, models };
      await connection.call({ method: "POST", path: `${api}/runs/outputs`, json }, emptyReply, options);
    },
  };
}

/** The model registry calls of a connection. */
export function registryCalls(connection: Connection): Registry {
  const getModel: Registry["getModel"] = (name, options) =>
    connection.call(
      { method: "GET", path: `${api}/registered-models/get`, query: { name } },
      registered,
      options,
    );
  return {
    getModel,
    async createOrGetModel(name, description, options) {
      const json = { name, description };
      try {
        const request = { method: "POST", path: `${api}/registered-models/create`, json } as const;
        return await connection.call(request, registered, options);
      } catch (error) {
        if (isAlreadyExists(error)) return getModel(name, options);
        throw error;
      }
    },
    createVersion(json, options) {
      const request = {
        method: "POST",
        path: `${api}/model-versions/create`,
        json,
        repeatable: false,
      } as const;
      return connection.call(request, version, options);
    },
    getVersion(name, number, options) {
      const query = { name, version: number };
      return connection.call({ method: "GET", path: `${api}/model-versions/get`, query }, version, options);
    },
    async setAlias(name, alias, number, options) {
      const json = { name, alias, version: number };
      await connection.call(
        { method: "POST", path: `${api}/registered-models/alias`, json },
        emptyReply,
        options,
      );
    },
  };
}
