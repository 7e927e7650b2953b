import { namedInputs } from "../../graph/op.js";
import type { Tensor } from "../../graph/types.js";
import { opRegistry } from "../registry.js";
import type { Numbers } from "./numbers.js";

/** One use of an op: its inputs and attributes. */
export interface OpCase {
  readonly title: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  /** Inputs whose gradient is compared with central differences. */
  readonly gradients: readonly string[];
  /** Largest error of the kernel, relative to the largest element of the reference output. */
  readonly tolerance: number;
}

/** f32 sums of up to some thousand terms in another order than the reference. */
export const sumTolerance = 2e-5;

/** f32 element by element: a few roundings. */
export const elementTolerance = 2e-6;

/** Copies, counts and comparisons. */
export const exact = 0;

/** Winograd convolutions trade accuracy for speed: errors near 1e-6 of the largest element, more on wide sums. */
export const convolutionTolerance = 5e-5;

interface CaseOptions {
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly gradients?: readonly string[];
  readonly tolerance?: number;
}

/** A case from makers of its inputs. */
export const opCase = (
  title: string,
  makers: Readonly<Record<string, Numbers>>,
  { attrs = {}, gradients = [], tolerance = elementTolerance }: CaseOptions = {},
): OpCase => {
  const inputs = Object.fromEntries(
    Object.entries(makers).map(([name, make]) => [name, make(`${title}.${name}`)]),
  );
  return { title, inputs, attrs, gradients, tolerance };
};

/** Outputs of another op's reference on the inputs of a case, for gradient ops that need what the forward op saved. */
export const outputsByReference = (opName: string, { inputs, attrs }: OpCase): Record<string, Tensor> => {
  const op = opRegistry.get(opName)!;
  const parsed = op.attrs.parse(attrs);
  const fail = (): never => {
    throw new TypeError(`case of ${opName} does not fit the op`);
  };
  const check = { op: opName, node: "case", shapeError: fail, dtypeError: fail, attributeError: fail };
  const quiet = { ...check, rank: () => {}, dtype: () => {}, shape: () => {}, size: () => {} };
  const types = op.infer(inputs, parsed, quiet);
  const results = op.reference(namedInputs(op, Object.values(inputs)), parsed, types);
  const single = (value: number): number => Math.fround(value);
  return Object.fromEntries(
    op.outputs.map((name, index) => [name, { ...types[index]!, data: results[index]!.map(single) }]),
  );
};

/** The case of a gradient op whose inputs are `rename`d inputs and outputs of a forward case, and a random dy. */
export const gradientCase = (
  forward: string,
  from: OpCase,
  pick: (values: Record<string, Tensor>) => Record<string, Tensor>,
  { attrs = from.attrs, tolerance = from.tolerance }: CaseOptions = {},
): OpCase => {
  const outputs = outputsByReference(forward, from);
  const inputs = pick({ ...from.inputs, ...outputs });
  return { title: from.title, inputs, attrs, gradients: [], tolerance };
};
