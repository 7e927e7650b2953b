/**
 * @packageDocumentation
 * Joint image-text embeddings: declare a dual-path model, train it through a curriculum, measure retrieval.
 *
 * "Throws CODE" names the `code` of a {@link DualpathError}. Paper A is Zheng et al., "Dual-Path Convolutional
 * Image-Text Embeddings with Instance Loss" (2020); paper B is Wang, Li and Lazebnik, "Learning Deep
 * Structure-Preserving Image-Text Embeddings" (2016).
 */
export { GraphError, type GraphErrorCode } from "./errors.js";
export { defaultThreads, DualpathError } from "@dualpath/cuda-kernels";

export { Graph, type GraphNode, type Origin, type Value } from "./graph/graph.js";
export type { Attribute, Attributes, DType, Plan, Shape, TensorType, TypedArray } from "./graph/types.js";
export { dependencies, differentiate } from "./graph/differentiate.js";
export { makePlan, type PlanRequest } from "./graph/make-plan.js";
export type { RecomputeLimits } from "./graph/recompute.js";
export type { StoreDevice } from "./engine/find-backend.js";
export { explain, formatExplanation, type Explanation, type ExplanationRow } from "./graph/explain.js";
export { eager, type EagerInput } from "./engine/eager.js";
export { roofline, type Roofline, type RooflineExtents, type RooflineOptions } from "./engine/roofline.js";
export { Program, type Feeds, type Scalars } from "./engine/program.js";
export {
  Store,
  type CompileOptions,
  type StoredArray,
  type StoreOptions,
  type Taps,
} from "./engine/store.js";
export * from "./ops/index.js";
export { opRegistry } from "./ops/registry.js";

export {
  createBuildContext,
  type BuildContext,
  type BuildOptions,
  type ParameterDeclaration,
} from "./layers/context.js";
export { batchNormalization, type BatchNormOptions } from "./layers/batch-norm.js";
export { convolution, type ConvolutionOptions } from "./layers/convolution.js";
export { dropoutLayer } from "./layers/dropout.js";
export { initialValue, type Initializer } from "./layers/initializers.js";
export { linear, type LinearOptions } from "./layers/linear.js";
export { lookup, type LookupOptions } from "./layers/lookup.js";
export { residualBlock, type ConvolutionUnit, type ResidualOptions } from "./layers/residual.js";

export {
  declareImage,
  declareText,
  dualPath,
  imageFeatures,
  textFeatures,
  type DualPath,
  type ImageInput,
  type ModelSizes,
  type PathOutput,
} from "./models/dual-path.js";
export { initialize, type InitializeOptions } from "./models/initialize.js";
export { loadTrunk } from "./models/pretrained.js";
export { imageTrunk, imageTrunkFeatures, imageTrunkPlaces } from "./models/image-trunk.js";
export {
  imageTrunkSchema,
  modelSchema,
  type ImageTrunkConfig,
  type ModelConfig,
  type ModelInput,
} from "./models/schema.js";
export { textCnn, textCnnFeatures } from "./models/text-cnn.js";

export {
  contrastiveLoss,
  positiveShares,
  sameClassMask,
  type ContrastiveInputs,
} from "./losses/contrastive.js";
export { classifierLoss, classifierLosses, instanceLoss, type Classifier } from "./losses/instance.js";
export {
  inBatchRankingLoss,
  pairedNegativeMask,
  pairedRankingLoss,
  type EmbeddedPairs,
} from "./losses/ranking.js";
export { logisticLoss, pairWeights, type LogisticInputs } from "./losses/logistic.js";
export { sigmoidLoss, type SigmoidInputs } from "./losses/sigmoid.js";
export { lossesSchema, type LossesConfig, type StructureLossConfig } from "./losses/schema.js";
export { structureTerms, type StructureTerm } from "./losses/structure.js";

export { matchesAny, matchesGlob } from "./optim/glob.js";
export { unmatchedGroups, type ParameterRule } from "./optim/groups.js";
export type { RowStep } from "./optim/row-update.js";
export { scheduleFactor, scheduleSchema, type Schedule, type ScheduleTime } from "./optim/schedule.js";
export { optimizerSchema, type OptimizerConfig, type ParameterGroup } from "./optim/schema.js";

export type {
  Batch,
  BatchOptions,
  EvaluationData,
  Gallery,
  ImageBatch,
  ImageBatchOptions,
  TextBatch,
  TextBatchOptions,
  TrainingData,
} from "./train/data.js";
export {
  readCheckpointHeader,
  type CheckpointHeader,
  type ModelInputs,
  type Progress,
  type RunDescription,
} from "./train/checkpoint.js";
export {
  CheckpointError,
  TrainingError,
  type CheckpointErrorCode,
  type TrainingErrorCode,
} from "./train/errors.js";
export {
  Embedder,
  evaluatedImage,
  normalizeRows,
  type EmbedderOptions,
  type Embeddings,
  type ImageRows,
  type TextRows,
} from "./train/embedder.js";
export {
  evaluateEmbeddings,
  type EvaluateEmbeddingsOptions,
  evaluateModel,
  evaluationSchema,
  metricOf,
  type EvaluateOptions,
  type EvaluationConfig,
  type EvaluationInput,
  type EvaluationResult,
} from "./train/evaluate.js";
export type {
  AbortedEvent,
  CheckpointEvent,
  DoneEvent,
  EvaluationEvent,
  StageEndEvent,
  StageStartEvent,
  StepEvent,
  StepPosition,
  TrainingEvent,
} from "./train/events.js";
export { trunkFeatures, type FeatureOptions, type FeatureViews } from "./train/features.js";
export { loadModel, type LoadedModel } from "./train/model-file.js";
export {
  openSafetensors,
  writeSafetensors,
  type SafetensorsFile,
  type TensorSource,
} from "./train/safetensors.js";
export type { TensorEntry } from "./train/safetensors-header.js";
export { RowTable, type RowTableSizes } from "./train/row-table.js";
export { SampledClassifier, type SampledBatch } from "./train/sampled-classifier.js";
export { openWeights, type WeightEntry, type WeightFile } from "./weights/weight-file.js";
export { preprocessingSchema, type Preprocessing, type Views } from "./train/preprocessing.js";
export { stageGraph, type SourceSize, type StageGraph } from "./train/stage-graph.js";
export {
  curriculumSchema,
  stageSchema,
  type Curriculum,
  type CurriculumInput,
  type Stage,
} from "./train/stage.js";
export { precisionSchema, type Precision } from "./graph/precision.js";
export { describePrecision, precisionOn, type PrecisionInForce } from "./engine/precision.js";
export { profileStage, type NodeProfile, type ProfileOptions } from "./train/profile.js";
export { Trainer } from "./train/trainer.js";
export type { TrainerOptions } from "./train/trainer-options.js";

export {
  localization,
  rankOfRight,
  RIGHT_OVERLAP,
  type LocalizationQuery,
  type LocalizationResult,
  type LocalizationSummary,
} from "./metrics/localization.js";
export type { LabelledEmbeddings } from "./metrics/labelled-embeddings.js";
export { precision, type PrecisionSummary } from "./metrics/precision.js";
export {
  matchRanks,
  type MatchRanks,
  retrieval,
  type PairScore,
  type RetrievalInput,
  type RetrievalOptions,
} from "./metrics/retrieval.js";
export {
  averageRetrieval,
  consecutiveFolds,
  retrievalResult,
  summarizeRanks,
  type Fold,
  type RetrievalResult,
  type RetrievalSummary,
} from "./metrics/summary.js";

export {
  ExactSearch,
  type ExactSearchOptions,
  type Neighbours,
  type RowSource,
} from "./search/exact-search.js";
export { exportOnnx, quantizeRows, roundWeights, type OnnxOptions } from "./onnx/export.js";
