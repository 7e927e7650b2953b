/** Codes of {@link DatasetError}; each names one thing that a person can put right. */
export type DatasetErrorCode =
  | "CAPTION_EMPTY"
  | "CAPTION_FORMAT"
  | "CORPUS_INVALID"
  | "FILE_MISSING"
  | "FILE_FORMAT"
  | "IMAGE_MISSING"
  | "IMAGE_UNDECODABLE"
  | "OPTION"
  | "SPLIT_UNKNOWN"
  | "VOCABULARY_FORMAT"
  | "VOCABULARY_MISMATCH"
  | "WORD_VECTORS_FORMAT"
  | "FEATURES_FORMAT"
  | "FEATURES_MISMATCH"
  | "CACHE_WRITE"
  | "BATCH_TOO_LARGE";

/** What went wrong while reading a corpus: `code` for programs, a message naming place and remedy for people. */
export class DatasetError extends Error {
  override readonly name = "DatasetError";
  readonly code: DatasetErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: DatasetErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** True for a Node file-system error with the given `code`, for example `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
