export { experimentSchema, type Experiment, type ReportConfig } from "./config/experiment.js";
export { loadExperiment, type LoadedExperiment } from "./config/load.js";
export { ExperimentError, type ExperimentErrorCode } from "./errors.js";
export { planSingle, planSweep, type TrialPlan } from "./space/plan.js";
export { gridSampler, randomSampler, samplerOf, type Point, type Sampler } from "./space/samplers.js";
export { sweepSchema, type SweepConfig } from "./space/schema.js";
export {
  sweepDirectory,
  trialDirectory,
  type SweepDirectory,
  type TrialDirectory,
} from "./sweep/directory.js";
export {
  localLauncher,
  type Attempt,
  type AttemptEnd,
  type Launcher,
  type LaunchRequest,
} from "./sweep/launcher.js";
export { medianPruner, prunerOf, type Pruner } from "./sweep/pruner.js";
export type { SweepObserver, TrialEnd } from "./sweep/observer.js";
export { openSession, type SweepSession } from "./sweep/session.js";
export { runSweep, type SweepOptions, type SweepOutcome } from "./sweep/sweep.js";
export { noTracker, type Tracker, type TrackedSweep, type TrackingReport } from "./tracking/tracker.js";
export { readResult, type ResultRow, type TrialResult } from "./trial/result.js";
export { retrievalPicture, type PictureSource } from "./trial/retrieval-picture.js";
export {
  embedPhotos,
  type EmbedOptions,
  type EmbedOutcome,
  type EmbedProgress,
} from "./search/embed-photos.js";
export { openIndex, writeIndex, type IndexDescription, type PhotoIndex } from "./search/index-file.js";
export { Searcher, type Hit, type SearcherOptions, type SentenceResult } from "./search/searcher.js";
export { TrainedModel, type EmbeddedSentence, type OpenModelOptions } from "./search/trained-model.js";
export { ApproximateSearch, recallOf, type BuildOptions } from "./search/approximate.js";
