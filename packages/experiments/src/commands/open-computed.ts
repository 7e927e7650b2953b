import type { Multiply } from "@dualpath/datasets";
import type { Experiment } from "../config/experiment.js";
import { requireData } from "../config/places.js";
import { codeOf } from "../errors.js";
import { availableCores } from "../process/cores.js";
import { computedFeatures } from "../trial/frozen-features.js";
import { openData, type OpenedData } from "../trial/open-data.js";
import type { CommandContext } from "./experiment-run.js";

/** What readers say of a folder that lacks something: a file, every photo, or photos among other things. */
const LACKING: ReadonlySet<unknown> = new Set(["FILE_MISSING", "IMAGE_MISSING", "CORPUS_INVALID"]);

/**
 * Opens an experiment's corpus with what a trial reads: features of a frozen trunk and text vectors, computed where they
 * are not cached. Throws DATA_MISSING with what to download where files are missing.
 */
export async function openComputed(
  experiment: Experiment,
  { workspace, output, signal, multiply }: CommandContext & { readonly multiply: Multiply },
): Promise<OpenedData> {
  const onProgress = (line: string): void => void output.write(`${line}\n`);
  const threads = experiment.threads ?? availableCores();
  const images = computedFeatures(experiment, { workspace, threads, signal, onProgress });
  try {
    return await openData(experiment.corpus, { workspace, signal, onProgress, images, multiply });
  } catch (error) {
    if (LACKING.has(codeOf(error))) requireData(experiment);
    throw error;
  }
}
