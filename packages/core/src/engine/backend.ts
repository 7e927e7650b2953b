import type { Backend, NativeProgram, NativeStore, Plan } from "@dualpath/cuda-kernels";

/** What the engine needs of a compiled plan. */
export type EngineProgram = Pick<NativeProgram, "step" | "profile" | "describe" | "dispose">;

/** What the engine needs of a store: the native one and the float64 reference have it. */
export type EngineStore = Pick<
  NativeStore,
  "threads" | "write" | "read" | "has" | "names" | "remove" | "dispose"
> & {
  compile(plan: Plan): Promise<EngineProgram>;
};

/** Where plans run. */
export type EngineBackend = Omit<Backend, "createStore"> & {
  createStore(options: { readonly device: string; readonly threads?: number }): EngineStore;
};
