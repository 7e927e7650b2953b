import type { SafetensorsDType } from "../train/safetensors-header.js";

/** A name that a pickle asks for: a class or a function of Python. */
export class PickleName {
  constructor(readonly name: string) {}
}

/** Raw numbers of one type that tensors are views of. */
export class TensorStorage {
  constructor(
    readonly key: string,
    readonly dtype: SafetensorsDType,
    /** Elements. */
    readonly count: number,
  ) {}
}

/** A view of a storage: element (i, j, ...) is storage[offset + i stride0 + j stride1 + ...]. */
export class StoredTensor {
  constructor(
    readonly storage: TensorStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** What a pickle of tensors and plain containers consists of; tuples are arrays, dictionaries are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleName
  | TensorStorage
  | StoredTensor
  | PickleValue[]
  | Map<PickleValue, PickleValue>;
