import type { EvaluationResult, RetrievalResult, StepEvent } from "@dualpath/core";
import { trialKeys } from "./events.js";

type Values = Record<string, number>;

/** Image to text (i2t) and text to image (t2i) under keys that MLflow takes, which `R@1` is not: i2t_r1, ..., rsum. */
export function recallMetrics(
  { imageToText: i2t, textToImage: t2i, rsum }: RetrievalResult,
  prefix: string,
): Values {
  return {
    [`${prefix}i2t_r1`]: i2t.r1,
    [`${prefix}i2t_r5`]: i2t.r5,
    [`${prefix}i2t_r10`]: i2t.r10,
    [`${prefix}t2i_r1`]: t2i.r1,
    [`${prefix}t2i_r5`]: t2i.r5,
    [`${prefix}t2i_r10`]: t2i.r10,
    [`${prefix}rsum`]: rsum,
  };
}

/** The recalls, their sum, and both median ranks of both directions. */
export function retrievalMetrics(result: RetrievalResult, prefix: string): Values {
  const { imageToText: i2t, textToImage: t2i } = result;
  return {
    ...recallMetrics(result, prefix),
    [`${prefix}i2t_median_rank`]: i2t.medianRank,
    [`${prefix}i2t_median_rank_strict`]: i2t.medianRankStrict,
    [`${prefix}t2i_median_rank`]: t2i.medianRank,
    [`${prefix}t2i_median_rank_strict`]: t2i.medianRankStrict,
  };
}

/** mAP, its trapezoidal form and mINP of text to image, where they were measured. */
export function precisionMetrics({ precision }: EvaluationResult, prefix: string): Values {
  if (precision === undefined) return {};
  const { meanAveragePrecision, trapezoidalPrecision, inverseNegativePenalty } = precision;
  return {
    [`${prefix}t2i_map`]: meanAveragePrecision,
    [`${prefix}t2i_map_trapezoidal`]: trapezoidalPrecision,
    [`${prefix}t2i_minp`]: inverseNegativePenalty,
  };
}

/** The part of a result that counts: one gallery, or the mean over all. */
export function reported(result: EvaluationResult, gallery: string | undefined): RetrievalResult {
  return (gallery === undefined ? undefined : result.galleries[gallery]) ?? result.main;
}

/** Curves of the training, one point every `every` steps: losses are means over the steps since the last point. */
export function stepMetrics(every: number): (event: StepEvent, seconds: number) => Values | undefined {
  let losses: (readonly [string, number])[][] = [];
  return (event, seconds) => {
    const terms = Object.entries(event.losses).map(
      ([name, loss]) => [`train/loss_${keyPart(name)}`, loss] as const,
    );
    losses.push([[trialKeys.loss, event.loss], ...terms]);
    if (event.step % every !== 0) return undefined;
    const means = meanByKey(losses);
    losses = [];
    return {
      ...means,
      [trialKeys.epoch]: event.epoch,
      [trialKeys.seconds]: seconds,
      "train/learning_rate": event.learningRate,
      "train/log10_learning_rate": Math.log10(event.learningRate),
      "train/images_per_second": event.imagesPerSecond,
      "train/input_wait_fraction": event.inputWaitFraction,
      ...(event.gradientNorm === undefined ? {} : { "train/gradient_norm": event.gradientNorm }),
    };
  };
}

const keyPart = (name: string): string => name.replaceAll(/[^A-Za-z0-9_-]/g, "_");

function meanByKey(steps: readonly (readonly (readonly [string, number])[])[]): Values {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [key, value] of steps.flat()) {
    const known = sums.get(key) ?? { sum: 0, count: 0 };
    sums.set(key, { sum: known.sum + value, count: known.count + 1 });
  }
  return Object.fromEntries([...sums].map(([key, { sum, count }]) => [key, sum / count]));
}
