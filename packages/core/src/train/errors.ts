import { DualpathError } from "@dualpath/cuda-kernels";

/** No such file; no checkpoint or a damaged one; of another model or run; could not be written. */
export type CheckpointErrorCode =
  "CHECKPOINT_MISSING" | "CHECKPOINT_CORRUPT" | "CHECKPOINT_UNSAFE" | "CHECKPOINT_MODEL" | "CHECKPOINT_WRITE";

/** A checkpoint or weight file that cannot be used; `details.path` is the file. */
export class CheckpointError extends DualpathError {
  override readonly name = "CheckpointError";

  constructor(code: CheckpointErrorCode, message: string, details: Record<string, unknown>) {
    super(code, message, details);
  }
}

/** A bad configuration; unfit data; an unfit batch; a loss that is no number; unfit embeddings. */
export type TrainingErrorCode = "CONFIG" | "DATA" | "BATCH" | "NON_FINITE" | "EMBEDDING";

/** A configuration, a data set or a batch that the trainer or the metrics cannot use. */
export class TrainingError extends DualpathError {
  override readonly name = "TrainingError";

  constructor(code: TrainingErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(code, message, details);
  }
}
