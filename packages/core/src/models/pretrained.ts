import type { DType, TypedArray } from "../graph/types.js";
import { elementCount } from "../graph/types.js";
import type { ParameterDeclaration } from "../layers/context.js";
import { CheckpointError } from "../train/errors.js";
import { openWeights, type WeightFile } from "../weights/weight-file.js";
import type { DualPath } from "./dual-path.js";
import { fileName, namingOf } from "./trunk-names.js";

/** The part of a Store that loading weights needs. */
interface WeightStore {
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
}

const TRUNK = "image.trunk.";

/** The last layers of torchvision's and timm's networks (ResNet; VGG; MobileNetV2), and batch norm's counters. */
const UNUSED = /^(fc|classifier(\.6|\.1)?|head\.fc)\.(weight|bias)$|\.num_batches_tracked$/;

/** A shortcut that begins with an average pool, as in timm's ResNet-D. */
const POOLED_SHORTCUT = /\.downsample\.2\.weight$/;

/** A tensor of the trunk and its name in the file. */
interface WantedTensor extends Pick<ParameterDeclaration, "name" | "shape"> {
  readonly tensor: string;
}

/**
 * Loads an image trunk from safetensors or a PyTorch state dict with torchvision's or timm's names (`conv1.weight`,
 * `features.0.weight`, `conv_stem.weight`, ...). The classifying layer and batch norm's counters are left. Throws
 * CHECKPOINT_MODEL with the first tensor that is missing, has another shape or number type, or belongs to another
 * network, before anything is written; CHECKPOINT_* as {@link openWeights} for the file itself.
 */
export async function loadTrunk(
  store: WeightStore,
  model: Pick<DualPath, "parameters">,
  path: string,
): Promise<void> {
  const file = await openWeights(path);
  try {
    for (const { name, shape, tensor } of wantedTensors(file, model.parameters)) {
      const bytes = await file.readBytes(tensor);
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
      const data = new Float32Array(aligned.buffer, aligned.byteOffset, elementCount(shape));
      await store.write(name, shape, "f32", data);
    }
  } finally {
    await file.close();
  }
}

function wantedTensors(
  file: WeightFile,
  parameters: readonly ParameterDeclaration[],
): readonly WantedTensor[] {
  const naming = namingOf(file.entries.keys());
  const wanted = parameters
    .filter(({ name }) => name.startsWith(TRUNK))
    .map(({ name, shape }) => ({ name, shape, tensor: fileName(name.slice(TRUNK.length), naming) }));
  checkTensors(file, wanted);
  return wanted;
}

/** The model's tensors in its own order, then those of the file that it does not know, by name. */
function checkTensors({ path, entries }: WeightFile, wanted: readonly WantedTensor[]): void {
  const known = new Set(wanted.map(({ tensor }) => tensor));
  const pooled = [...entries.keys()].find((name) => POOLED_SHORTCUT.test(name));
  const hint = pooled === undefined ? "" : "; a shortcut that begins with an average pool is another network";
  const fail = (tensor: string, expected: string, got: string): never => {
    const message = `${path}: weights of another trunk: tensor '${tensor}': expected ${expected}, got ${got}${hint}`;
    throw new CheckpointError("CHECKPOINT_MODEL", message, { path, tensor, expected, got });
  };
  for (const { shape, tensor } of wanted) {
    const entry = entries.get(tensor);
    if (entry?.dtype === "F32" && sameMatrix(shape, entry.shape)) continue;
    fail(tensor, described("F32", shape), entry ? described(entry.dtype, entry.shape) : "nothing");
  }
  const extra = [...entries.values()]
    .filter(({ name }) => !known.has(name) && !UNUSED.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (extra !== undefined) fail(extra.name, "nothing", described(extra.dtype, extra.shape));
}

const described = (dtype: string, shape: readonly number[]): string => `${dtype} [${shape.join(", ")}]`;

/** Equal shapes, or a matrix whose rows the file has as windows: a linear layer written as a convolution. */
function sameMatrix(wanted: readonly number[], given: readonly number[]): boolean {
  const unrolled =
    wanted.length === 2 && given.length === 4 ? [given[0]!, elementCount(given.slice(1))] : given;
  return unrolled.length === wanted.length && unrolled.every((extent, axis) => extent === wanted[axis]);
}
