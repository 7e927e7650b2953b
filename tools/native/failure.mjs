/** What a person can put right; printed without a stack. */
export class BuildFailure extends Error {}

/** Runs `body` and turns a BuildFailure into one line and exit code 1. */
export async function reporting(title, body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(`${title}: ${error.message}`);
    process.exitCode = 1;
  }
}
