import { corrupt, type FileBytes } from "./file-bytes.js";
import { unpickle } from "./pickle.js";
import type { PickleValue, TensorStorage } from "./pickle-values.js";
import { storageBytes, type TorchContent } from "./torch-weights.js";

/** The integer that files of PyTorch before 1.6 begin with, pickled. */
const MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL = 1001;
const COUNT_BYTES = 8;
/** Pickles lie at the front; state dicts of any known network need a few hundred kilobytes. */
const LARGEST_PICKLES = 16 * 1024 * 1024;

/** Whether a file begins as PyTorch wrote before release 1.6, as torchvision's VGG weights still do. */
export const isLegacyTorch = (start: Uint8Array): boolean =>
  MAGIC.every((byte, index) => start[index] === byte);

/**
 * The content of a file of PyTorch before 1.6: pickles of the magic number, the protocol, the system, the object and
 * the storage keys; then for each key the number of elements (64 bits) and the elements.
 */
export async function legacyStorages(file: FileBytes): Promise<TorchContent> {
  const front = await file.read(0, Math.min(file.size, LARGEST_PICKLES));
  const magic = unpickle(front, file.path);
  const protocol = unpickle(front, file.path, magic.end);
  const system = unpickle(front, file.path, protocol.end);
  checkSystem(file.path, protocol.value, system.value);
  const { value, storages, end } = unpickle(front, file.path, system.end);
  const keys = unpickle(front, file.path, end);
  const positions = await storagePositions(file, keys.value, keys.end, storages);
  return {
    value,
    readStorage: async (storage) => {
      const position = positions.get(storage.key);
      if (position === undefined) throw corrupt(file.path, `storage '${storage.key}' is missing`);
      return file.read(position, storageBytes(storage));
    },
  };
}

function checkSystem(path: string, protocol: PickleValue, system: PickleValue): void {
  if (protocol !== PROTOCOL || !(system instanceof Map))
    throw corrupt(path, "it is of an unknown version of PyTorch's format");
  if (system.get("little_endian") !== true)
    throw corrupt(path, "its numbers are big-endian; save it again on a little-endian machine");
}

async function storagePositions(
  file: FileBytes,
  keys: PickleValue,
  start: number,
  storages: ReadonlyMap<string, TensorStorage>,
): Promise<ReadonlyMap<string, number>> {
  if (!Array.isArray(keys)) throw corrupt(file.path, "the list of its storages is damaged");
  const positions = new Map<string, number>();
  let at = start;
  for (const key of keys) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    const count = Number(new DataView((await file.read(at, COUNT_BYTES)).buffer).getBigInt64(0, true));
    if (storage === undefined || storage.count !== count)
      throw corrupt(file.path, `storage '${String(key)}' is not what its tensors expect`);
    positions.set(storage.key, at + COUNT_BYTES);
    at += COUNT_BYTES + storageBytes(storage);
  }
  return positions;
}
