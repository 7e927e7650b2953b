import type { Contestant, Measurement } from "./contestant.js";

/** Seconds a step of both sides, their ratio with its spread over the rounds, and their peak memory. */
export interface Comparison {
  readonly ours: number;
  readonly peer: number;
  /** Median over the rounds of peer seconds / our seconds: above 1 we are faster. */
  readonly ratio: number;
  /** Lowest and highest ratio of a round. */
  readonly spread: readonly [number, number];
  readonly ourPeakBytes: number;
  readonly peerPeakBytes: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What can be asked to run steps. */
export type Runner = Pick<Contestant, "run">;

/** Runs both sides in turn after one warm-up each, so that a drift of the machine hits both. */
export async function interleave(
  ours: Runner,
  peer: Runner,
  rounds: number,
  steps: number,
): Promise<Comparison> {
  await ours.run(steps);
  await peer.run(steps);
  const measured: { ours: Measurement; peer: Measurement }[] = [];
  for (let round = 0; round < rounds; round++)
    measured.push({ ours: await ours.run(steps), peer: await peer.run(steps) });
  const ourSeconds = measured.map((round) => median(round.ours.seconds));
  const peerSeconds = measured.map((round) => median(round.peer.seconds));
  const ratios = ourSeconds.map((seconds, round) => peerSeconds[round]! / seconds);
  return {
    ours: median(ourSeconds),
    peer: median(peerSeconds),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ourPeakBytes: measured.at(-1)!.ours.peakBytes,
    peerPeakBytes: measured.at(-1)!.peer.peakBytes,
  };
}
