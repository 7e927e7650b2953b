export type { NodeDescription, NodeTime, ProgramDescription, StoredValue, TypedArray } from "./binding.js";
export { DualpathError, type ErrorCode } from "./errors.js";
export { type Backend, defaultThreads, type Device, loadBackend } from "./load.js";
export {
  type Attribute,
  bytesOf,
  type DType,
  dtypeSchema,
  parsePlan,
  type Place,
  type Plan,
  type PlanNode,
  planSchema,
  type PlanScalar,
  type PlanValue,
  reservedBytes,
} from "./plan.js";
export { NativeProgram } from "./program.js";
export { NativeStore } from "./store.js";
