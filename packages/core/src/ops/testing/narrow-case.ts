import { fromFloat64, toFloat64 } from "../../engine/arrays.js";
import type { EngineStore } from "../../engine/backend.js";
import { packScalars } from "../../engine/scalars.js";
import { makePlan } from "../../graph/make-plan.js";
import { inputNames, isNarrowInput, isNarrowOutput, type OpRow } from "../../graph/op.js";
import type { DType, Plan, Tensor } from "../../graph/types.js";
import { roundToBfloat16 } from "../cast.js";
import { buildCase } from "./build-case.js";
import type { OpCase } from "./cases.js";

/** One rounding of a result to bf16, relative to it: half of its last bit, 2^-8, and room for float's own error. */
export const narrowTolerance = 2 ** -8;

/** A bias may be added to a product that has been rounded before. */
const roundingsOf = (op: OpRow): number => (op.product && op.inputs.includes("bias") ? 2 : 1);

/** A case with every number that the op's row may keep in bf16 rounded to it. */
export const narrowCase = (op: OpRow, entry: OpCase): OpCase => {
  const names = inputNames(op, Object.keys(entry.inputs).length);
  const rounded = (name: string, tensor: Tensor): Tensor =>
    tensor.dtype === "f32" && isNarrowInput(op, names.indexOf(name))
      ? { ...tensor, data: tensor.data.map(roundToBfloat16) }
      : tensor;
  const inputs = Object.entries(entry.inputs).map(([name, tensor]) => [name, rounded(name, tensor)] as const);
  const tolerance = entry.tolerance + roundingsOf(op) * narrowTolerance;
  return { ...entry, inputs: Object.fromEntries(inputs), tolerance };
};

/**
 * The plan of a case with the listed values in bf16, as lowering leaves them; with `wideOutputs` a product's results
 * stay f32.
 */
const narrowPlan = (op: OpRow, entry: OpCase, wideOutputs: boolean): Plan => {
  const { graph, outputs } = buildCase(op, entry);
  const plan = makePlan(graph, { taps: outputs, fusion: false });
  const [node] = plan.nodes as [Plan["nodes"][number]];
  const narrow = new Set([
    ...node.inputs.filter((_, position) => isNarrowInput(op, position)),
    ...node.outputs.filter((_, position) => !wideOutputs && isNarrowOutput(op, position)),
  ]);
  const dtypeOf = (id: number, dtype: DType): DType => (dtype === "f32" && narrow.has(id) ? "bf16" : dtype);
  return { ...plan, values: plan.values.map((value, id) => ({ ...value, dtype: dtypeOf(id, value.dtype) })) };
};

/** The outputs of a case of `narrowCase` by the backend's bf16 kernel, as float64. */
export const runNarrowKernel = async (
  store: EngineStore,
  op: OpRow,
  entry: OpCase,
  wideOutputs = false,
): Promise<Float64Array[]> => {
  const plan = narrowPlan(op, entry, wideOutputs);
  const typeOf = (id: number): DType => plan.values[id]!.dtype;
  const program = await store.compile(plan);
  const feeds = plan.feeds.map((id) => fromFloat64(typeOf(id), entry.inputs[plan.values[id]!.name]!.data));
  const results = await program.step(feeds, packScalars(plan, {}));
  await program.dispose();
  return plan.taps.map((id, index) => toFloat64(typeOf(id), results[index]!));
};
