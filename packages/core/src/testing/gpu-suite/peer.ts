import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Budget } from "./budget.js";
import { partOf, runProgram, type Part } from "./part.js";
import { batchSizes, classes, length, picture, rehearsed, vocabularySize } from "./workload.js";

/** One speed: ours has no mode. */
export interface Speed {
  readonly mode?: string;
  readonly precision: string;
  readonly batch: number;
  readonly imagesPerSecond?: number;
}

/** Ours against the best of PyTorch's modes at the same batch size and precision. */
export interface Comparison {
  readonly precision: string;
  readonly batch: number;
  readonly ours: number;
  readonly peer: number;
  readonly mode: string;
  readonly ratio: number;
}

const NAME = "PyTorch's step";
const script = fileURLToPath(new URL("../../../../../benchmarks/peers/gpu.py", import.meta.url));
const asksForTorch = `import torch, sys; sys.exit(0 if ${rehearsed ? "True" : "torch.cuda.is_available()"} else 1)`;
/** The ways of PyTorch that a rehearsal goes through; a device goes through all. */
const few = ["--modes", "channels-last,eager", "--precisions", "f32", "--steps", "1"];

/** The same sizes as ours. */
const sizes = {
  device: rehearsed ? "cpu" : "cuda",
  batches: batchSizes.join(","),
  classes,
  vocabulary: vocabularySize,
  words: length,
  picture,
};

/** PyTorch's step in all its modes; a row that says so where there is none that sees the device. */
export const peerPart = (budget: Budget): Part => {
  const python = process.env["DUALPATH_PYTORCH"] ?? "python3";
  const found = existsSync(script) && spawnSync(python, ["-c", asksForTorch]).status === 0;
  if (!found) return partOf(`${NAME}: no PyTorch with this device here`, "absent");
  const options = Object.entries(sizes).flatMap(([name, size]) => [`--${name}`, String(size)]);
  return runProgram(NAME, [python, script, ...options, ...(rehearsed ? few : [])], budget);
};

/** Pairs every speed of ours with the fastest of the peer's that was measured under the same conditions. */
export const compare = (ours: readonly Speed[], peers: readonly Speed[]): readonly Comparison[] =>
  ours.flatMap(({ precision, batch, imagesPerSecond: speed }) => {
    const measured = peers.filter(
      (peer) => peer.precision === precision && peer.batch === batch && peer.imagesPerSecond !== undefined,
    );
    const [best] = measured.toSorted((a, b) => b.imagesPerSecond! - a.imagesPerSecond!);
    if (!best || speed === undefined) return [];
    const peer = best.imagesPerSecond!;
    return [{ precision, batch, ours: speed, peer, mode: best.mode ?? "", ratio: speed / peer }];
  });
