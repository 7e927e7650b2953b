#!/usr/bin/env node
import { commandLine, usageError } from "./commands/program.js";
import { ExperimentError, messageOf } from "./errors.js";
import { workspace } from "./workspace/root.js";

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

// The first signal stops in good order, a second one at once; trials notice that their sweep is gone.
function stopOnSignals(): { signal: AbortSignal; exitCode: () => number | undefined } {
  const stopping = new AbortController();
  let exitCode: number | undefined;
  for (const [name, code] of Object.entries(SIGNAL_EXIT_CODES)) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(code);
      exitCode = code;
      process.stderr.write(`\n${name}: stopping; checkpoints are left to go on from.\n`);
      stopping.abort();
    });
  }
  return { signal: stopping.signal, exitCode: () => exitCode };
}

async function main(): Promise<number> {
  const { signal, exitCode } = stopOnSignals();
  try {
    const program = commandLine({ workspace: workspace(), output: process.stdout, signal });
    if (process.argv.length <= 2) program.outputHelp();
    else await program.parseAsync();
    return exitCode() ?? 0;
  } catch (thrown) {
    const stopped = exitCode();
    if (stopped !== undefined) return stopped;
    return report(usageError(thrown));
  }
}

function report(error: unknown): number {
  if (error === undefined) return 0;
  process.stderr.write(`\nError: ${messageOf(error)}\n`);
  if (process.env["DUALPATH_DEBUG"] === "1") console.error(error);
  return error instanceof ExperimentError ? error.exitCode : 1;
}

process.exitCode = await main();
