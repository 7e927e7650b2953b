import { MlflowValidationError } from "./errors.js";

/** The two files behind one picture of the UI's image grid. */
export interface StepImagePaths {
  readonly image: string;
  /** The small version that the grid loads first. */
  readonly compressed: string;
}

/**
 * Artifact paths of a picture logged at a step, in the scheme that the UI's image grid reads.
 * @param key name of the picture; letters, digits, `_ - .` and space (no `/`, `#`, `%`, `+`)
 * @param step integer step; @param timestamp milliseconds since 1970
 * @param id unique among pictures; random by default
 */
export function stepImagePaths(
  key: string,
  step: number,
  timestamp: number,
  id: string = `i${crypto.randomUUID()}`,
): StepImagePaths {
  if (!/^[\p{L}\p{N}_\-. ]+$/u.test(key)) {
    throw new MlflowValidationError(`image key '${key}': use letters, digits and _ - . space only`, { key });
  }
  if (!Number.isSafeInteger(step) || !Number.isSafeInteger(timestamp)) {
    throw new MlflowValidationError(`image '${key}': step and timestamp must be integers`, {
      step,
      timestamp,
    });
  }
  const stem = `images/${key}+step+${step}+timestamp+${timestamp}+${id}`;
  return { image: `${stem}.png`, compressed: `${stem}+compressed.webp` };
}
