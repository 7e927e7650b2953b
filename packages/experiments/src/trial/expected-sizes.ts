import type { TrainingData } from "@dualpath/datasets";
import type { Experiment } from "../config/experiment.js";

type Sizes = Pick<TrainingData, "classes" | "vocabularySize" | "stepsPerEpoch">;

/**
 * A warning with both numbers where the data are not of the sizes that the experiment expects: a part of a corpus has
 * the whole one's split names, and its results would stand beside those of the whole.
 */
export function sizeWarning(
  { name, expected }: Pick<Experiment, "name" | "expected">,
  data: Sizes,
): string | undefined {
  if (expected === undefined) return undefined;
  const { images, classes, vocabulary } = expected;
  const others = [
    ["training images", images, data.stepsPerEpoch(1)] as const,
    ["classes", classes, data.classes] as const,
    // Text vectors have no vocabulary to expect.
    ...(vocabulary === 0 ? [] : [["words", vocabulary, data.vocabularySize] as const]),
  ].filter(([, wanted, found]) => wanted !== found);
  if (others.length === 0) return undefined;
  const lines = others.map(
    ([what, wanted, found]) => `  ${what}: ${counted(wanted)} expected, ${counted(found)} found`,
  );
  return (
    `WARNING: ${name}: these are not the data of the published results:\n${lines.join("\n")}\n` +
    `What is measured on them does not compare with the papers' rows. Is everything unpacked?`
  );
}

const counted = (value: number): string => value.toLocaleString("en-US");
