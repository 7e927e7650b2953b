import type { TrialPlan } from "../space/plan.js";
import type { SweepSession } from "../sweep/session.js";
import { readResult } from "../trial/result.js";
import type { TrialRow } from "./table.js";

/** What every planned trial has come to, from the files it left. */
export function trialRows(session: SweepSession, plans: readonly TrialPlan[]): TrialRow[] {
  return plans.map((plan) => {
    const { state, metrics } = session.trial(plan.id);
    const result = readResult(session.directory.trial(plan.id).result);
    const splits = [...new Set(result?.rows.map(({ split }) => split))].join("; ");
    return {
      plan,
      state,
      metrics: result?.metrics ?? metrics ?? {},
      ...(splits !== "" && { split: splits }),
    };
  });
}
