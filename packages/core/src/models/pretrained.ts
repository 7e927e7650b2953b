import type { DType, TypedArray } from "../graph/types.js";
import { CheckpointError } from "../train/errors.js";
import { openSafetensors, typedTensor, type SafetensorsFile } from "../train/safetensors.js";
import type { DualPath } from "./dual-path.js";

/** The part of a Store that loading weights needs. */
interface WeightStore {
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
}

const TRUNK = "image.trunk.";

/**
 * Loads an image trunk from safetensors with torchvision's names (`conv1.weight`, `layer1.0.bn1.running_mean`, ...);
 * what the trunk has no use for (`fc.*`, counters) is left. Throws CHECKPOINT_MODEL with the first tensor that is
 * missing or has another shape, before anything is written.
 */
export async function loadTrunk(store: WeightStore, model: DualPath, path: string): Promise<void> {
  const file = await openSafetensors(path);
  try {
    const wanted = model.parameters.filter(({ name }) => name.startsWith(TRUNK));
    for (const { name, shape } of wanted) checkTensor(file, name.slice(TRUNK.length), shape);
    for (const { name, shape } of wanted) {
      const entry = file.entries.get(name.slice(TRUNK.length))!;
      const data = typedTensor(entry, await file.readBytes(entry.name));
      await store.write(name, shape, "f32", data as Float32Array);
    }
  } finally {
    await file.close();
  }
}

function checkTensor({ path, entries }: SafetensorsFile, name: string, shape: readonly number[]): void {
  const entry = entries.get(name);
  if (entry?.dtype === "F32" && entry.shape.join() === shape.join()) return;
  const expected = `F32 [${shape.join(", ")}]`;
  const got = entry ? `${entry.dtype} [${entry.shape.join(", ")}]` : "nothing";
  const message = `${path}: weights of another trunk: tensor '${name}': expected ${expected}, got ${got}`;
  throw new CheckpointError("CHECKPOINT_MODEL", message, { path, tensor: name, expected, got });
}
