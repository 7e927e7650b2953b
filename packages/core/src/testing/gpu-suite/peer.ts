import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runProgram, type Part } from "./part.js";

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
const SECONDS = "200";
const script = fileURLToPath(new URL("../../../../../benchmarks/peers/gpu.py", import.meta.url));
const asksForTorch = "import torch, sys; sys.exit(0 if torch.cuda.is_available() else 1)";

/** PyTorch's step in all its modes; a row that says so where there is none that sees the device. */
export const peerPart = (): Part => {
  const python = process.env["DUALPATH_PYTORCH"] ?? "python3";
  const found = existsSync(script) && spawnSync(python, ["-c", asksForTorch]).status === 0;
  if (!found) {
    const figures = { ran: false };
    return { name: `${NAME}: no PyTorch with this device here`, holds: true, seconds: 0, figures };
  }
  return runProgram(NAME, [python, script, "--seconds", SECONDS]);
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
