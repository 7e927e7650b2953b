import { loadBackend } from "@dualpath/cuda-kernels";
import type { EngineBackend } from "./backend.js";
import { referenceBackend } from "./reference-backend.js";

/** Where a Store may compute; "reference" is the float64 interpreter. */
export type StoreDevice = "auto" | "cpu" | "cuda" | `cuda:${number}` | "reference";

/** The backend of a device. Throws DEVICE when the device is not there. */
export const findBackend = (device: StoreDevice): EngineBackend =>
  device === "reference" ? referenceBackend() : loadBackend({ device });
