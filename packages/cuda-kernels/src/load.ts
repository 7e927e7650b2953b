import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Addon } from "./binding.js";
import { callSite, DualpathError, fromNative } from "./errors.js";
import { NativeStore } from "./store.js";

/** Where computation runs. "auto" takes CUDA when this build has it and a device answers. */
export type Device = "auto" | "cpu" | "cuda" | `cuda:${number}`;

/** A loaded binary. `reason` says why it is not CUDA where that was asked for or could have been. */
export interface Backend {
  readonly kind: "cpu" | "cuda";
  readonly reason?: string;
  /** Names of native/kernels.def, sorted. */
  opNames(): string[];
  /** Versions of the libraries that are in use, by name. */
  versions(): Record<string, string>;
  /** @param options.threads size of the pool; default DUALPATH_THREADS, else the cores given to the process */
  createStore(options: { readonly device: string; readonly threads?: number }): NativeStore;
}

const remedy = "build it with `npx nx run cuda-kernels:build-native`";
const binary = fileURLToPath(new URL("../build/Release/dualpath.node", import.meta.url));
const noCuda = "this build has no CUDA backend";

let loaded: Addon | undefined;

/**
 * Finds and loads the native binary; importing this package loads nothing. Later calls reuse it.
 * @throws DualpathError DEVICE when the binary is missing or does not load, or when CUDA was asked for by name
 */
export function loadBackend(options: { readonly device?: Device } = {}): Backend {
  const device = options.device ?? "auto";
  if (device.startsWith("cuda")) {
    throw new DualpathError("DEVICE", `device '${device}': expected a CUDA device, got none; ${noCuda}`, {
      device,
    });
  }
  loaded ??= loadAddon(binary);
  const addon = loaded;
  return {
    kind: addon.kind,
    ...(device === "auto" ? { reason: noCuda } : {}),
    opNames: () => addon.operations(),
    versions: () => addon.versions(),
    createStore: ({ threads }) =>
      openStore(addon, threads ?? threadsFromEnvironment() ?? addon.threadsAvailable()),
  };
}

function openStore(addon: Addon, threads: number): NativeStore {
  const site = callSite();
  try {
    return new NativeStore(new addon.Store(threads));
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

/** Loads one binary, with a remedy in every error. */
export function loadAddon(path: string): Addon {
  if (!existsSync(path)) {
    throw new DualpathError("DEVICE", `native addon: expected ${path}, got no such file; ${remedy}`, {
      path,
    });
  }
  shortenBarriers();
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    const failure = fromNative(cause, callSite());
    if (failure instanceof DualpathError) throw failure;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new DualpathError(
      "DEVICE",
      `native addon: expected ${path} to load, got '${got}'; ${remedy}`,
      { path },
      { cause },
    );
  }
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
