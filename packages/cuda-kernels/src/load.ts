import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Addon } from "./binding.js";
import { callSite, DualpathError, fromNative } from "./errors.js";
import { probeCuda, probeThreads } from "./probe.js";
import { NativeStore } from "./store.js";

/** Where computation runs. "auto" takes CUDA when this build has it and a device answers. */
export type Device = "auto" | "cpu" | "cuda" | `cuda:${number}`;

/** A loaded binary. `reason` names the device where that is CUDA's, and says why it is not where it could have been. */
export interface Backend {
  readonly kind: "cpu" | "cuda";
  readonly reason?: string;
  /** Names of native/kernels.def, sorted. */
  opNames(): string[];
  /** Versions of the libraries that are in use, by name. */
  versions(): Record<string, string>;
  /** Why products are not computed in this precision here; empty where they are. */
  precisionGap(precision: "bf16" | "tf32"): string;
  /** @param options.threads size of the pool; default DUALPATH_THREADS, else the cores given to the process */
  createStore(options: { readonly device: string; readonly threads?: number }): NativeStore;
}

const remedy = "build it with `npx nx run cuda-kernels:build-native`";
const cpuBinary = fileURLToPath(new URL("../build/Release/dualpath.node", import.meta.url));
const ownCudaBinary = fileURLToPath(new URL("../build-cuda/Release/dualpath.node", import.meta.url));

/** DUALPATH_CUDA_BINARY names one that was built elsewhere. */
const cudaBinaryPath = (): string => process.env["DUALPATH_CUDA_BINARY"] ?? ownCudaBinary;

const loaded = new Map<string, Addon>();

/** What a device's name stands for on this machine. */
interface Choice {
  readonly binary: string;
  readonly index: number;
  readonly reason?: string;
}

/**
 * Finds and loads a native binary; importing this package loads nothing. Later calls reuse it. The CUDA one is tried in
 * a child process first.
 * @throws DualpathError DEVICE when the binary is missing or does not load, or when CUDA was asked for by name and is
 * not there
 */
export function loadBackend(options: { readonly device?: Device } = {}): Backend {
  const { binary, index, reason } = choose(options.device ?? "auto");
  const addon = loaded.get(binary) ?? loadAddon(binary);
  loaded.set(binary, addon);
  return {
    kind: addon.kind,
    ...(reason === undefined ? {} : { reason }),
    opNames: () => addon.operations(),
    versions: () => addon.versions(),
    precisionGap: (precision) => addon.precisionGap(precision, index),
    createStore: ({ threads }) =>
      openStore(addon, threads ?? threadsFromEnvironment() ?? addon.threadsAvailable(), index),
  };
}

function choose(device: Device): Choice {
  if (device === "cpu") return { binary: cpuBinary, index: 0 };
  const cudaBinary = cudaBinaryPath();
  const { devices, reason = "" } = probeCuda(cudaBinary);
  const index = cudaIndex(device);
  const name = devices[index];
  if (name !== undefined) return { binary: cudaBinary, index, reason: name };
  if (device === "auto") return { binary: cpuBinary, index: 0, reason };
  const got = devices.length === 0 ? `none; ${reason}` : devices.join(", ");
  throw new DualpathError("DEVICE", `device '${device}': expected a CUDA device, got ${got}`, { device });
}

function cudaIndex(device: Device): number {
  if (device === "auto" || device === "cuda") return 0;
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  if (index !== undefined) return Number(index);
  throw new DualpathError(
    "DEVICE",
    `device: expected auto, cpu, cuda or cuda:<number>, got '${device}'; choose one of these`,
    { device },
  );
}

function openStore(addon: Addon, threads: number, device: number): NativeStore {
  const site = callSite();
  try {
    return new NativeStore(new addon.Store(threads, device));
  } catch (failure) {
    throw fromNative(failure, site);
  }
}

/**
 * The OpenMP runtime reads its settings when it is loaded. By default its threads spin for milliseconds at every barrier,
 * which makes steps ten times slower as soon as another process wants the cores; this keeps the wait short.
 */
function shortenBarriers(): void {
  if (process.env["OMP_WAIT_POLICY"] === undefined) process.env["GOMP_SPINCOUNT"] ??= "1000";
}

function requireBinary(path: string): void {
  if (existsSync(path)) return;
  throw new DualpathError("DEVICE", `native addon: expected ${path}, got no such file; ${remedy}`, { path });
}

/** Loads one binary, with a remedy in every error. */
export function loadAddon(path: string): Addon {
  requireBinary(path);
  shortenBarriers();
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    const failure = fromNative(cause, callSite());
    if (failure instanceof DualpathError) throw failure;
    throw doesNotLoad(path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const doesNotLoad = (path: string, got: string, options?: ErrorOptions): DualpathError =>
  new DualpathError(
    "DEVICE",
    `native addon: expected ${path} to load, got '${got}'; ${remedy}`,
    { path },
    options,
  );

/**
 * Threads of a Store that names none: DUALPATH_THREADS, else the cores given to the process by its affinity mask and the
 * quotas of its control groups. Loads nothing: a binary that is not in use is asked in a child process.
 * @throws DualpathError ATTRIBUTE for a DUALPATH_THREADS that is no number, DEVICE when the binary is missing or does
 * not load
 */
export function defaultThreads(): number {
  return threadsFromEnvironment() ?? (coresGiven ??= askCores());
}

let coresGiven: number | undefined;

function askCores(): number {
  const addon = loaded.get(cpuBinary);
  if (addon !== undefined) return addon.threadsAvailable();
  requireBinary(cpuBinary);
  const answer = probeThreads(cpuBinary);
  if ("value" in answer) return answer.value;
  throw doesNotLoad(cpuBinary, answer.reason);
}

/** DUALPATH_THREADS, when it is set. @throws DualpathError ATTRIBUTE unless it is a whole number of at least 1 */
export function threadsFromEnvironment(): number | undefined {
  const text = process.env["DUALPATH_THREADS"];
  if (text === undefined || text === "") return undefined;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return threads;
  throw new DualpathError(
    "ATTRIBUTE",
    `DUALPATH_THREADS: expected a whole number of at least 1, got '${text}'`,
    { text },
  );
}
