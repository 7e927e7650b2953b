import { artifactCalls, type Artifacts, type ArtifactOwner, type ArtifactSource } from "./artifacts.js";
import { connect, type Connection } from "./connection.js";
import { experimentCalls, type Experiments } from "./experiments.js";
import { stepImagePaths } from "./images.js";
import { metricCalls, type Metrics } from "./metrics.js";
import { loggedModelCalls, registryCalls, type LoggedModels, type Registry } from "./models.js";
import { runCalls, type Runs } from "./runs.js";
import {
  resolveSettings,
  type Environment,
  type MlflowClientOptions,
  type MlflowSettings,
} from "./settings.js";
import { mlflowTags } from "./tags.js";
import { collect } from "./transport.js";
import type { CallOptions, Run } from "./types.js";

export interface StepImage {
  readonly key: string;
  readonly step: number;
  /** Milliseconds since 1970; now by default. */
  readonly timestamp?: number | undefined;
  /** PNG. */
  readonly image: ArtifactSource;
  /** Small WebP for the grid; the picture itself by default. */
  readonly compressed?: ArtifactSource | undefined;
}

/**
 * A typed client of one MLflow tracking server. Settings come from the options, then from the environment
 * (MLFLOW_TRACKING_URI and its relatives, see `resolveSettings`); nothing is sent before the first call. Every call
 * takes an AbortSignal, repeats failures that may pass, and throws errors of this package only.
 * @throws MlflowSettingsError when the address is absent or is not http(s).
 */
export class MlflowClient {
  readonly settings: MlflowSettings;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly metrics: Metrics;
  readonly artifacts: Artifacts;
  readonly loggedModels: LoggedModels;
  readonly registry: Registry;
  readonly #connection: Connection;

  constructor(options: MlflowClientOptions = {}, environment: Environment = process.env) {
    this.settings = resolveSettings(options, environment);
    this.#connection = connect(this.settings);
    this.experiments = experimentCalls(this.#connection);
    this.runs = runCalls(this.#connection);
    this.metrics = metricCalls(this.#connection);
    this.artifacts = artifactCalls(this.#connection);
    this.loggedModels = loggedModelCalls(this.#connection);
    this.registry = registryCalls(this.#connection);
  }

  /** Address of the server, without credentials. */
  get uri(): string {
    return this.settings.uri;
  }

  /** True when the server answers `/health` now; never throws but on abort. */
  async isHealthy(options: CallOptions = {}): Promise<boolean> {
    try {
      return (await this.#text("/health", { retries: 0, timeoutMilliseconds: 5000, ...options })) === "OK";
    } catch {
      options.signal?.throwIfAborted();
      return false;
    }
  }

  /** The server's version, for example "3.17.2". */
  version(options: CallOptions = {}): Promise<string> {
    return this.#text("/version", options);
  }

  /** Uploads a picture of a step into the UI's image grid. */
  async logStepImage(run: Run, image: StepImage, options: CallOptions = {}): Promise<void> {
    const paths = stepImagePaths(image.key, image.step, image.timestamp ?? Date.now());
    const owner: ArtifactOwner = run;
    await this.artifacts.put(owner, paths.image, image.image, options);
    await this.artifacts.put(owner, paths.compressed, image.compressed ?? image.image, options);
    await this.runs.setTag(run.info.runId, mlflowTags.loggedImages, "True", options);
  }

  /** Closes idle connections. The client must not be used afterwards. */
  dispose(): void {
    this.#connection.close();
  }

  async #text(path: string, options: CallOptions): Promise<string> {
    const bytes = await this.#connection.exchange({ method: "GET", path }, collect, options);
    return bytes.toString("utf8").trim();
  }
}
