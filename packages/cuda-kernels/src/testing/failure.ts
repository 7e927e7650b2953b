import { DualpathError } from "../errors.js";

/** The DualpathError that the work ends with; anything else, success too, is thrown on. */
export async function failureOf(work: () => unknown): Promise<DualpathError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DualpathError) return error;
    throw error;
  }
  throw new Error("expected a DualpathError, got success");
}
