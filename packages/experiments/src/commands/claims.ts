import { mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { experimentSchema } from "../config/experiment.js";
import { loadExperiment } from "../config/load.js";
import { readEvidence } from "../claims/evidence.js";
import { claimsPage, type ClaimSection } from "../claims/page.js";
import { claimPlot } from "../claims/plot.js";
import { ExperimentError } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { sweepDirectory } from "../sweep/directory.js";
import type { CommandContext } from "./experiment-run.js";
import { configNames, findConfig } from "./find-config.js";

export interface ClaimsOptions {
  /** The page; plots go to `pictures` beside it. */
  readonly page?: string | undefined;
}

const FOLDER = "claims/";

/**
 * `claims`: turns finished sweeps that claim something into one page with a plot each. Without names, all checked-in
 * configs below `claims`. Throws USAGE for a config without a claim, SPLIT_MISMATCH for trials that do not compare.
 */
export function claimsCommand(
  named: readonly string[],
  options: ClaimsOptions,
  context: CommandContext,
): ClaimSection[] {
  const { workspace, output } = context;
  const page = resolve(options.page ?? join(workspace.root, "docs", "results.md"));
  const configs = configNames(workspace.configs).filter((name) => name.startsWith(FOLDER));
  const sections = (named.length > 0 ? named : configs).map((config) => sectionOf(config, page, context));
  mkdirSync(dirname(page), { recursive: true });
  writeWhole(page, claimsPage(sections));
  for (const { config, evidence } of sections)
    output.write(
      `${config}: ${evidence.finished} of ${evidence.planned} trials, ${evidence.verdict ?? "-"}\n`,
    );
  output.write(`\n${page}\n`);
  return sections;
}

function sectionOf(config: string, page: string, { workspace }: CommandContext): ClaimSection {
  const file = findConfig(config, workspace);
  const { experiment } = loadExperiment(file, experimentSchema);
  const claim = experiment.sweep?.claim;
  if (claim === undefined) {
    const message = `${file} claims nothing. Add sweep.claim, or name a config below configs/claims.`;
    throw new ExperimentError("USAGE", message, { file });
  }
  const evidence = readEvidence(sweepDirectory(join(workspace.runs, experiment.name)), claim);
  if (evidence.finished === 0) return { config, evidence, plot: undefined };
  const plot = join(dirname(page), "pictures", `${experiment.name}.svg`);
  mkdirSync(dirname(plot), { recursive: true });
  writeWhole(plot, claimPlot(evidence));
  return { config, evidence, plot: relative(dirname(page), plot) };
}
