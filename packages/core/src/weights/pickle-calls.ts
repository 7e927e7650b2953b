import { PickleName, StoredTensor, TensorStorage, type PickleValue } from "./pickle-values.js";
import type { SafetensorsDType } from "../train/safetensors-header.js";

/** Storage classes of PyTorch and their number types. */
const STORAGES: ReadonlyMap<string, SafetensorsDType> = new Map([
  ["torch.FloatStorage", "F32"],
  ["torch.DoubleStorage", "F64"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
]);

type Call = (parameters: readonly PickleValue[]) => PickleValue | undefined;

/** What a pickle may call, and what comes of it; undefined for parameters that make no sense. */
const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["collections.OrderedDict", orderedDictionary],
  ["torch._utils._rebuild_tensor_v2", tensor],
  ["torch._utils._rebuild_parameter", ([value]) => (value instanceof StoredTensor ? value : undefined)],
  ["torch.Size", ([sizes]) => (Array.isArray(sizes) ? sizes : undefined)],
]);

/** Whether a pickle may name it: storage classes, and the few functions that make tensors and dictionaries. */
export const isKnownName = (name: string): boolean => STORAGES.has(name) || CALLS.has(name);

/** What a known function makes of its parameters; undefined where they make no sense. */
export const callKnown = (
  { name }: PickleName,
  parameters: readonly PickleValue[],
): PickleValue | undefined => CALLS.get(name)?.(parameters);

function orderedDictionary([pairs]: readonly PickleValue[]): PickleValue | undefined {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) return undefined;
  const isPair = (pair: PickleValue): pair is [PickleValue, PickleValue] =>
    Array.isArray(pair) && pair.length === 2;
  return pairs.every(isPair) ? new Map(pairs) : undefined;
}

const MOST_DIMENSIONS = 16;

function tensor([storage, offset, shape, stride]: readonly PickleValue[]): PickleValue | undefined {
  if (!(storage instanceof TensorStorage) || !isCount(offset)) return undefined;
  if (!areCounts(shape) || !areCounts(stride) || shape.length !== stride.length) return undefined;
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const last = shape.reduce((place, extent, axis) => place + (extent - 1) * stride[axis]!, offset);
  // More elements than the storage has would be one number repeated: a few bytes that ask for gigabytes.
  const fits = elements === 0 || (last < storage.count && elements <= storage.count);
  return fits ? new StoredTensor(storage, offset, shape, stride) : undefined;
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const areCounts = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);

/** The storage of a persistent id ("storage", class, key, place, elements[, view]); undefined for anything else. */
export function storageOf(id: PickleValue): TensorStorage | undefined {
  if (!Array.isArray(id)) return undefined;
  const [kind, type, key, , count, view] = id;
  const dtype = type instanceof PickleName ? STORAGES.get(type.name) : undefined;
  const isPlain = kind === "storage" && (view === undefined || view === null);
  if (!isPlain || dtype === undefined || typeof key !== "string" || !isCount(count)) return undefined;
  return new TensorStorage(key, dtype, count);
}
