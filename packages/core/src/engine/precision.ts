import type { Precision } from "../graph/precision.js";
import type { EngineBackend } from "./backend.js";
import { findBackend, type StoreDevice } from "./find-backend.js";

/** What a precision that was asked for comes to on a device: itself, or f32 and the reason why. */
export interface PrecisionInForce {
  readonly wanted: Precision;
  readonly inForce: Precision;
  readonly reason?: string;
}

/** Asks a backend for a precision. */
export const precisionInForce = (
  backend: Pick<EngineBackend, "precisionGap">,
  wanted: Precision,
): PrecisionInForce => {
  const reason = wanted === "f32" ? "" : backend.precisionGap(wanted);
  return reason === "" ? { wanted, inForce: wanted } : { wanted, inForce: "f32", reason };
};

/**
 * What a precision comes to on a device by its name. f32 asks nobody. Throws DEVICE when another is asked for
 * and the device is not there.
 */
export const precisionOn = (device: StoreDevice, wanted: Precision): PrecisionInForce =>
  wanted === "f32" ? { wanted, inForce: wanted } : precisionInForce(findBackend(device), wanted);

/** `"bf16"`, or `"f32 (bf16 was asked for: processor: expected AVX-512 BF16, got none)"`. */
export const describePrecision = ({ wanted, inForce, reason }: PrecisionInForce): string =>
  reason === undefined ? inForce : `${inForce} (${wanted} was asked for: ${reason})`;
