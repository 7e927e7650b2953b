export * from "./errors.js";
export * from "./types.js";
export { MlflowClient, type StepImage } from "./client.js";
export {
  resolveSettings,
  targetFromEnvironment,
  type Environment,
  type MlflowClientOptions,
  type MlflowSettings,
  type MlflowTarget,
} from "./settings.js";
export type { Experiments, ExperimentSearch, NewExperiment } from "./experiments.js";
export { metricEntries, type NewRun, type Runs, type RunSearch, type RunUpdate } from "./runs.js";
export type { BulkHistory, Metrics } from "./metrics.js";
export type { Artifacts, ArtifactOwner, ArtifactSource } from "./artifacts.js";
export type { LoggedModels, NewLoggedModel, NewModelVersion, Registry } from "./models.js";
export { cutBatches, type Batch } from "./batches.js";
export { limits } from "./limits.js";
export {
  clipText,
  validateArtifactPath,
  validateDataset,
  validateExperimentName,
  validateKey,
  validateMetric,
  validateParam,
  validateTag,
} from "./validate.js";
export { allOf, paramEquals, tagEquals } from "./filters.js";
export { toArray } from "./pages.js";
export { machineLearningKind, mlflowTags, runUidTag, sourceTags, type SourceDescription } from "./tags.js";
export { compareRunsUrl, experimentUrl, runsUrl, runUrl, type RunsView } from "./urls.js";
export { stepImagePaths, type StepImagePaths } from "./images.js";
export { journalFileName, type JournalEntry, type RunEntry } from "./journal-format.js";
export { readJournal, readRunEntry } from "./journal-reader.js";
export { RunDeletedError } from "./sync-delivery.js";
export { RunJournal, type JournaledRun } from "./run-journal.js";
export {
  findJournals,
  syncJournal,
  syncJournals,
  type SyncJournalOptions,
  type SyncOutcome,
  type SyncReport,
} from "./sync-journal.js";
export { JournalSync, type JournalSyncOptions, type SyncPhase, type SyncStatus } from "./journal-sync.js";
