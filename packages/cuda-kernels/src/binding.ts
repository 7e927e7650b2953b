import type { DType, Plan } from "./plan.js";

/** Arrays that cross the boundary: f32, i32, u32, u8; bf16 as Uint16Array. They are copied in and copied out. */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** A value of a Store, copied out. */
export interface StoredValue {
  readonly shape: number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

export interface NodeDescription {
  readonly name: string;
  readonly op: string;
  readonly kernel: string;
  readonly layout: string;
  readonly scratchBytes: number;
}

/** Memory and chosen kernels of a compiled plan, in bytes. Arena and scratch are one allocation. */
export interface ProgramDescription {
  readonly arenaBytes: number;
  readonly scratchBytes: number;
  readonly storeBytes: number;
  readonly nodes: NodeDescription[];
}

export interface NodeTime {
  readonly name: string;
  readonly milliseconds: number;
  /** Part of `milliseconds`: copies of operands into the layout that the kernel wants, and back. */
  readonly reorderMilliseconds: number;
}

/** The binary's program class, as native/napi/program_wrap.cc defines it. */
export interface AddonProgram {
  step(feeds: readonly TypedArray[], scalars: Float32Array | Uint8Array): Promise<TypedArray[]>;
  profile(feeds: readonly TypedArray[], scalars: Float32Array | Uint8Array): Promise<NodeTime[]>;
  describe(): ProgramDescription;
  dispose(): Promise<void>;
}

/** The binary's store class, as native/napi/store_wrap.cc defines it. */
export interface AddonStore {
  readonly threads: number;
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
  read(name: string): Promise<StoredValue>;
  has(name: string): boolean;
  names(): string[];
  remove(name: string): Promise<void>;
  compile(plan: Plan): Promise<AddonProgram>;
  dispose(): Promise<void>;
}

/** What dualpath.node exports. */
export interface Addon {
  readonly kind: "cpu" | "cuda";
  readonly Store: new (threads: number, device: number) => AddonStore;
  /** Names of the devices there are. Throws DEVICE or VERSION, with the reason, for none. */
  devices(): string[];
  operations(): string[];
  versions(): Record<string, string>;
  /** Why products are not computed in a precision on a device; empty where they are. */
  precisionGap(precision: string, device: number): string;
  threadsAvailable(): number;
}
