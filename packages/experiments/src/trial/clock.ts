import { trialKeys } from "./events.js";
import type { RunJournal } from "@dualpath/mlflow-ts-client";
import { readJournal } from "@dualpath/mlflow-ts-client";

const STAGE_SECONDS = "trial.seconds.";

/** Wall time of a trial over all its attempts; what was lost with a crash counts once. */
export interface TrialClock {
  readonly seconds: () => number;
  /** Remembers, in the journal, how long it took until the end of a stage. */
  readonly markStage: (stage: string) => void;
  readonly stageSeconds: (stage: string) => number;
}

/** A clock that goes on from what the directory's journal says. */
export function trialClock(directory: string, journal: Pick<RunJournal, "tags">): TrialClock {
  const earlier = earlierTimes(directory);
  const began = performance.now();
  const stages = new Map(earlier.stages);
  const seconds = (): number => earlier.seconds + (performance.now() - began) / 1000;
  return {
    seconds,
    markStage: (stage) => {
      if (stages.has(stage)) return;
      stages.set(stage, seconds());
      journal.tags({ [`${STAGE_SECONDS}${stage}`]: seconds().toFixed(1) });
    },
    stageSeconds: (stage) => stages.get(stage) ?? seconds(),
  };
}

function earlierTimes(directory: string): { seconds: number; stages: ReadonlyMap<string, number> } {
  let seconds = 0;
  const stages = new Map<string, number>();
  for (const entry of readJournal(directory)) {
    if (entry.kind === "metrics") seconds = Math.max(seconds, entry.values[trialKeys.seconds] ?? 0);
    if (entry.kind !== "tags") continue;
    for (const [key, value] of Object.entries(entry.tags)) {
      if (key.startsWith(STAGE_SECONDS)) stages.set(key.slice(STAGE_SECONDS.length), Number(value));
    }
  }
  return { seconds: Math.max(seconds, ...stages.values()), stages };
}
