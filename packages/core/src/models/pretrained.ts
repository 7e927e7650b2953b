import type { DType, TypedArray } from "../graph/types.js";
import type { ParameterDeclaration } from "../layers/context.js";
import { CheckpointError } from "../train/errors.js";
import { openSafetensors, typedTensor, type SafetensorsFile } from "../train/safetensors.js";
import type { DualPath } from "./dual-path.js";

/** The part of a Store that loading weights needs. */
interface WeightStore {
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
}

const TRUNK = "image.trunk.";

/** The last layers of torchvision's and timm's networks (ResNet; VGG; MobileNetV2), and batch norm's counters. */
const UNUSED = /^(fc|classifier\.6|classifier\.1)\.(weight|bias)$|\.num_batches_tracked$/;

/** A shortcut that begins with an average pool, as in timm's ResNet-D. */
const POOLED_SHORTCUT = /\.downsample\.2\.weight$/;

/**
 * Loads an image trunk from safetensors with torchvision's names (`conv1.weight`, `features.0.weight`, ...), which
 * timm's plain ResNets share. The classifying layer and batch norm's counters are left. Throws CHECKPOINT_MODEL with
 * the first tensor that is missing, has another shape or number type, or belongs to another network, before anything
 * is written.
 */
export async function loadTrunk(
  store: WeightStore,
  model: Pick<DualPath, "parameters">,
  path: string,
): Promise<void> {
  const file = await openSafetensors(path);
  try {
    const wanted = model.parameters.filter(({ name }) => name.startsWith(TRUNK));
    checkTensors(file, wanted);
    for (const { name, shape } of wanted) {
      const entry = file.entries.get(name.slice(TRUNK.length))!;
      const data = typedTensor(entry, await file.readBytes(entry.name));
      await store.write(name, shape, "f32", data as Float32Array);
    }
  } finally {
    await file.close();
  }
}

/** The model's tensors in its own order, then those of the file that it does not know, by name. */
function checkTensors({ path, entries }: SafetensorsFile, wanted: readonly ParameterDeclaration[]): void {
  const known = new Set(wanted.map(({ name }) => name.slice(TRUNK.length)));
  const pooled = [...entries.keys()].find((name) => POOLED_SHORTCUT.test(name));
  const hint = pooled === undefined ? "" : "; a shortcut that begins with an average pool is another network";
  const fail = (tensor: string, expected: string, got: string): never => {
    const message = `${path}: weights of another trunk: tensor '${tensor}': expected ${expected}, got ${got}${hint}`;
    throw new CheckpointError("CHECKPOINT_MODEL", message, { path, tensor, expected, got });
  };
  const described = (dtype: string, shape: readonly number[]): string => `${dtype} [${shape.join(", ")}]`;
  const actual = (name: string): string => {
    const entry = entries.get(name);
    return entry ? described(entry.dtype, entry.shape) : "nothing";
  };
  for (const { name, shape } of wanted) {
    const tensor = name.slice(TRUNK.length);
    const expected = described("F32", shape);
    if (actual(tensor) !== expected) fail(tensor, expected, actual(tensor));
  }
  const extra = [...entries.keys()].filter((name) => !known.has(name) && !UNUSED.test(name)).sort()[0];
  if (extra !== undefined) fail(extra, "nothing", actual(extra));
}
