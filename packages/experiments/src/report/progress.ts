import { MultiBar } from "cli-progress";
import { describePoint, type TrialPlan } from "../space/plan.js";
import type { SweepObserver, TrialEnd } from "../sweep/observer.js";
import { isEvaluation, trialKeys, type TrialEvent } from "../trial/events.js";

/** Shows a sweep while it runs. */
export interface ProgressDisplay extends SweepObserver {
  readonly note: (line: string) => void;
  readonly stop: () => void;
}

/** Bars on a terminal, one plain line an event anywhere else. */
export const progressDisplay = (stream: NodeJS.WriteStream, plans: readonly TrialPlan[]): ProgressDisplay =>
  stream.isTTY ? barDisplay(stream, plans) : lineDisplay(stream, plans);

/** `2/6 9f1c2ab04d55 (recipe two stages, learningRate 0.1)`. */
export function trialLabel(plan: TrialPlan, count: number): string {
  const point = describePoint(plan.point);
  return `${plan.index + 1}/${count} ${plan.id}${point === "" ? "" : ` (${point})`}`;
}

/** One plain line for every start, stage, evaluation and end of a trial. */
export function lineDisplay(stream: NodeJS.WritableStream, plans: readonly TrialPlan[]): ProgressDisplay {
  const write = (line: string): void => void stream.write(`${line}\n`);
  const say = (plan: TrialPlan, text: string): void =>
    write(`trial ${trialLabel(plan, plans.length)}: ${text}`);
  const told = new Map<string, Set<string>>();
  return {
    note: write,
    started: (plan, attempt) => say(plan, attempt === 1 ? "started" : `started again (attempt ${attempt})`),
    event: (plan, event) => {
      const text = eventText(event);
      const lines = told.get(plan.id) ?? new Set<string>();
      // An attempt's journal is read from its beginning, so what was shown before comes by again.
      if (text === undefined || lines.has(text)) return;
      told.set(plan.id, lines.add(text));
      say(plan, text);
    },
    ended: (plan, end) => say(plan, endText(end)),
    stop: () => undefined,
  };
}

function eventText(event: TrialEvent): string | undefined {
  if (event.kind === "tags") return tagText(event.tags);
  if (!isEvaluation(event)) return undefined;
  return `step ${event.step}: ${metricText(event.values)}`;
}

function tagText(tags: Readonly<Record<string, string>>): string | undefined {
  const stage = tags[trialKeys.stage];
  const resumedAt = tags[trialKeys.resumedAt];
  if (resumedAt !== undefined) return `resumes at step ${resumedAt}`;
  return stage === undefined ? undefined : `${stage} begins`;
}

function endText({ state, message, retried }: TrialEnd): string {
  const text = message === undefined ? state : `${state}: ${message}`;
  return retried === true ? `${text}; it is tried again` : text;
}

const SHOWN = ["i2t_r1", "t2i_r1", "rsum"];

function metricText(values: Readonly<Record<string, number>>): string {
  const shown = Object.entries(values).filter(([key]) => SHOWN.some((name) => key.endsWith(name)));
  return shown.map(([key, value]) => `${key.slice(key.indexOf("/") + 1)} ${value.toFixed(1)}`).join(", ");
}

const BAR_FORMAT = " {bar} {percentage}% | {label} | {text}";
const BAR_OPTIONS = {
  format: BAR_FORMAT,
  barsize: 20,
  fps: 5,
  hideCursor: true,
  autopadding: true,
  linewrap: false,
  gracefulExit: false,
};

function barDisplay(stream: NodeJS.WriteStream, plans: readonly TrialPlan[]): ProgressDisplay {
  const bars = new MultiBar({ ...BAR_OPTIONS, stream });
  const shown = new Map<string, TrialBar>();
  const barOf = (plan: TrialPlan): TrialBar => {
    const bar = shown.get(plan.id) ?? trialBar(bars, trialLabel(plan, plans.length));
    shown.set(plan.id, bar);
    return bar;
  };
  return {
    note: (line) => bars.log(`${line}\n`),
    started: (plan) => barOf(plan).show("starting"),
    event: (plan, event) => barOf(plan).event(event),
    ended: (plan, end) => barOf(plan).end(end),
    stop: () => bars.stop(),
  };
}

interface TrialBar {
  readonly show: (text: string) => void;
  readonly event: (event: TrialEvent) => void;
  readonly end: (end: TrialEnd) => void;
}

function trialBar(bars: MultiBar, label: string): TrialBar {
  const bar = bars.create(1, 0, { label, text: "" });
  let total = 1;
  let step = 0;
  let stage = "";
  const show = (text: string): void => bar.update(step, { text });
  return {
    show,
    event: (event) => {
      if (event.kind === "params")
        bar.setTotal((total = Number(event.params[trialKeys.totalSteps] ?? total)));
      if (event.kind === "tags") stage = event.tags[trialKeys.stage] ?? stage;
      if (event.kind !== "metrics") return;
      step = Math.max(step, event.step);
      const text = stepText(event);
      if (text !== undefined) show(`${stage}, ${text}`);
    },
    end: (end) => {
      if (end.state === "finished") step = total;
      show(endText(end));
    },
  };
}

function stepText(event: Extract<TrialEvent, { kind: "metrics" }>): string | undefined {
  const loss = event.values[trialKeys.loss];
  if (loss !== undefined) return `epoch ${event.values[trialKeys.epoch] ?? 0}, loss ${loss.toFixed(3)}`;
  return isEvaluation(event) ? metricText(event.values) : undefined;
}
