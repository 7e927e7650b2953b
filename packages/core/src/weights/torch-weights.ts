import { SAFETENSORS_BYTES } from "../train/safetensors-header.js";
import { CheckpointError } from "../train/errors.js";
import { corrupt, type FileBytes } from "./file-bytes.js";
import { StoredTensor, type PickleValue, type TensorStorage } from "./pickle-values.js";
import type { WeightEntry, WeightFile } from "./weight-file.js";

/** What a file of PyTorch holds: its pickled object, and the bytes of its storages. */
export interface TorchContent {
  readonly value: PickleValue;
  /** Throws CHECKPOINT_CORRUPT for a storage that is not there or too short. */
  readStorage(storage: TensorStorage): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where training scripts put the state dict among other things. */
const WRAPPERS = ["state_dict", "model_state_dict", "model"];
/** What data-parallel training puts before every name. */
const PARALLEL = "module.";

/** The tensors of a state dict by name. Throws CHECKPOINT_CORRUPT where the file holds no state dict. */
export async function torchWeights(
  file: FileBytes,
  { value, readStorage }: TorchContent,
): Promise<WeightFile> {
  const tensors = stateDictionary(file.path, value);
  const entries = [...tensors].map(([name, { storage, shape }]): [string, WeightEntry] => [
    name,
    { name, dtype: storage.dtype, shape },
  ]);
  return {
    path: file.path,
    entries: new Map(entries),
    readBytes: async (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw missing(file.path, name);
      return rowMajor(tensor, await readStorage(tensor.storage));
    },
    close: () => file.close(),
  };
}

const missing = (path: string, tensor: string): CheckpointError =>
  new CheckpointError("CHECKPOINT_MODEL", `${path}: holds no tensor '${tensor}'`, { path, tensor });

function stateDictionary(path: string, value: PickleValue): ReadonlyMap<string, StoredTensor> {
  if (!(value instanceof Map)) throw corrupt(path, "it holds no state dict: a dictionary of tensors by name");
  const wrapped = WRAPPERS.map((key) => value.get(key)).find((inner) => inner instanceof Map);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of wrapped ?? value) {
    if (typeof name !== "string" || !(tensor instanceof StoredTensor)) continue;
    tensors.set(name.startsWith(PARALLEL) ? name.slice(PARALLEL.length) : name, tensor);
  }
  if (tensors.size === 0) throw corrupt(path, "it holds no state dict: a dictionary of tensors by name");
  return tensors;
}

/** The tensor's numbers in the order of its shape, whatever its strides. */
function rowMajor({ storage, offset, shape, stride }: StoredTensor, bytes: Uint8Array): Uint8Array {
  const width = SAFETENSORS_BYTES[storage.dtype];
  const elements = shape.reduce((product, extent) => product * extent, 1);
  if (isContiguous(shape, stride)) return bytes.slice(offset * width, (offset + elements) * width);
  const result = new Uint8Array(elements * width);
  const index = shape.map(() => 0);
  for (let element = 0; element < elements; element++) {
    const place = index.reduce((sum, at, axis) => sum + at * stride[axis]!, offset) * width;
    result.set(bytes.subarray(place, place + width), element * width);
    advance(index, shape);
  }
  return result;
}

function isContiguous(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  return shape
    .map((extent, axis) => [extent, stride[axis]!] as const)
    .reverse()
    .every(([extent, step]) => {
      const fits = extent === 1 || step === expected;
      expected *= extent;
      return fits;
    });
}

function advance(index: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis]! += 1;
    if (index[axis]! < shape[axis]!) return;
    index[axis] = 0;
  }
}

/** Bytes that a storage takes. */
export const storageBytes = ({ count, dtype }: TensorStorage): number => count * SAFETENSORS_BYTES[dtype];
