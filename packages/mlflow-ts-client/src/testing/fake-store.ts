// The part of an MLflow server that the client's tests need, in memory, with the refusals of the real one.

export interface FakePoint {
  readonly key: string;
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
}

export interface FakeRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly startTime: number;
  runName: string;
  status: string;
  endTime: number | undefined;
  lifecycleStage: string;
  readonly tags: Map<string, string>;
  readonly params: Map<string, string>;
  readonly points: FakePoint[];
  readonly inputs: unknown[];
}

export interface FakeExperiment {
  readonly experimentId: string;
  readonly name: string;
  lifecycleStage: string;
  readonly tags: Map<string, string>;
}

export class FakeRefusal extends Error {
  readonly status: number;
  readonly errorCode: string;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

export class FakeStore {
  readonly experiments: FakeExperiment[] = [];
  readonly runs: FakeRun[] = [];
  readonly files = new Map<string, Buffer>();
  #count = 0;

  experimentByName(name: string): FakeExperiment {
    const found = this.experiments.find((one) => one.name === name);
    if (found === undefined) throw new FakeRefusal(404, "RESOURCE_DOES_NOT_EXIST", `no experiment '${name}'`);
    return found;
  }

  experiment(experimentId: string): FakeExperiment {
    const found = this.experiments.find((one) => one.experimentId === experimentId);
    if (found === undefined)
      throw new FakeRefusal(404, "RESOURCE_DOES_NOT_EXIST", `no experiment ${experimentId}`);
    return found;
  }

  createExperiment(name: string, tags: readonly Pair[] = []): FakeExperiment {
    if (this.experiments.some((one) => one.name === name)) {
      throw new FakeRefusal(400, "RESOURCE_ALREADY_EXISTS", `experiment '${name}' exists`);
    }
    const experimentId = String(this.experiments.length + 1);
    const experiment = { experimentId, name, lifecycleStage: "active", tags: toMap(tags) };
    this.experiments.push(experiment);
    return experiment;
  }

  run(runId: string): FakeRun {
    const found = this.runs.find((one) => one.runId === runId);
    if (found === undefined)
      throw new FakeRefusal(404, "RESOURCE_DOES_NOT_EXIST", `Run with id=${runId} not found`);
    return found;
  }

  createRun(experimentId: string, runName: string, startTime: number, tags: readonly Pair[] = []): FakeRun {
    this.experiment(experimentId);
    this.#count += 1;
    const run: FakeRun = {
      runId: `run${this.#count}`,
      experimentId,
      runName,
      startTime,
      status: "RUNNING",
      endTime: undefined,
      lifecycleStage: "active",
      tags: toMap(tags),
      params: new Map(),
      points: [],
      inputs: [],
    };
    this.runs.push(run);
    return run;
  }

  activeRun(runId: string): FakeRun {
    const run = this.run(runId);
    if (run.lifecycleStage === "active") return run;
    throw new FakeRefusal(400, "INVALID_PARAMETER_VALUE", `The run ${runId} must be in the 'active' state.`);
  }

  logBatch(runId: string, batch: FakeBatch): void {
    const run = this.activeRun(runId);
    const { params = [], tags = [], metrics = [] } = batch;
    requireLimits(params.length, tags.length, metrics.length);
    [...params, ...tags, ...metrics].forEach(({ key }) => requireKey(key));
    for (const { key, value } of params) {
      if (run.params.has(key) && run.params.get(key) !== value) {
        throw new FakeRefusal(400, "INVALID_PARAMETER_VALUE", `Changing param values is not allowed: ${key}`);
      }
      run.params.set(key, value);
    }
    tags.forEach(({ key, value }) => run.tags.set(key, value));
    for (const point of metrics) if (!run.points.some((one) => samePoint(one, point))) run.points.push(point);
  }
}

export interface FakeBatch {
  readonly params?: readonly Pair[];
  readonly tags?: readonly Pair[];
  readonly metrics?: readonly FakePoint[];
}

function requireLimits(params: number, tags: number, metrics: number): void {
  if (params <= 100 && tags <= 100 && metrics <= 1000 && params + tags + metrics <= 1000) return;
  throw new FakeRefusal(400, "INVALID_PARAMETER_VALUE", "A batch logging request is too large");
}

function requireKey(key: string): void {
  if (/^[\w\-. :/]{1,250}$/.test(key) && !key.startsWith("refused")) return;
  throw new FakeRefusal(400, "INVALID_PARAMETER_VALUE", `Invalid value "${key}" for key`);
}

function samePoint(a: FakePoint, b: FakePoint): boolean {
  return a.key === b.key && a.value === b.value && a.step === b.step && a.timestamp === b.timestamp;
}

function toMap(pairs: readonly Pair[]): Map<string, string> {
  return new Map(pairs.map(({ key, value }) => [key, value]));
}
