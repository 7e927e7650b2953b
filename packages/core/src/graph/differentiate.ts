import { GraphError } from "../errors.js";
import { add } from "../ops/arithmetic.js";
import { fill } from "../ops/fill.js";
import { outputsOf } from "./apply.js";
import type { GraphNode, Value } from "./graph.js";
import { namedInputs } from "./op.js";
import { formatType, sameShape } from "./types.js";

/** In front of the name of every node that differentiation makes. */
export const gradientScope = "gradient";

/** Feeds, parameters and scalars that `values` depend on, in the order of their making. */
export const dependencies = (...values: readonly Value[]): readonly Value[] => {
  const [first] = values;
  if (first === undefined) return [];
  const needed = new Set<Value>(values);
  for (const node of [...first.graph.nodes].reverse())
    if (node.outputs.some((output) => needed.has(output))) node.inputs.forEach((input) => needed.add(input));
  return first.graph.boundary.filter((value) => needed.has(value));
};

/**
 * Appends the nodes that compute the gradient of `loss` (rank 0, f32) with respect to each of `wrt`, and
 * returns those gradients in that order, each of its value's type. Only nodes on a path from a wanted value
 * to the loss are visited, and of those only the gradients that lie on such a path are built.
 *
 * Throws GRADIENT when the loss is not f32 of rank 0 or does not depend on a wanted value, when an op on the
 * path has no gradient, or when a gradient rule returns a wrong type.
 */
export const differentiate = (loss: Value, wrt: readonly Value[]): Value[] => {
  if (loss.shape.length !== 0 || loss.dtype !== "f32") complain(loss, "loss", "f32[]", formatType(loss));
  const wanted = valuesFrom(loss, wrt);
  const gradients = new Map<Value, Value[]>();
  const { graph } = loss;
  const history = [...graph.nodes].reverse();
  return graph.rootScope(gradientScope, () => {
    gradients.set(loss, [fill(graph, { shape: [], value: 1 }, `${loss.name}.seed`)]);
    const visited = history.filter((node) => node.outputs.some((output) => wanted.has(output)));
    for (const node of visited) propagate(node, wanted, gradients);
    return wrt.map(
      (value) =>
        total(value, gradients) ?? complain(value, "dependence", `'${loss.name}' to depend on it`, "none"),
    );
  });
};

/** The wanted values and everything computed from them. */
const valuesFrom = (loss: Value, wrt: readonly Value[]): ReadonlySet<Value> => {
  const reached = new Set<Value>(wrt);
  for (const node of loss.graph.nodes)
    if (node.inputs.some((input) => reached.has(input)))
      node.outputs.forEach((output) => reached.add(output));
  return reached;
};

/** Sends the gradient of a node's outputs to those of its inputs that are wanted. */
const propagate = (node: GraphNode, wanted: ReadonlySet<Value>, gradients: Map<Value, Value[]>): void => {
  const [y, ...others] = node.outputs;
  const constant = others.find((output) => gradients.has(output));
  if (constant) complain(constant, "gradient", "a use that needs none", "one that does");
  const dy = total(y as Value, gradients);
  if (dy === undefined) return;
  const { graph } = dy;
  graph.rootScope(`${gradientScope}.${node.name}`, () => {
    const inputs = namedInputs(node.op, node.inputs);
    const thunks = node.op.grad?.(inputs, dy, node.attrs, outputsOf(node)) ?? {};
    for (const [name, input] of Object.entries(inputs)) {
      if (!wanted.has(input) || !isDifferentiable(input)) continue;
      const thunk = thunks[name];
      if (thunk === undefined) throw noRule(node, name);
      const gradient = thunk();
      checkGradient(node, name, input, gradient);
      gradients.set(input, [...(gradients.get(input) ?? []), gradient]);
    }
  });
};

const isDifferentiable = ({ dtype }: Value): boolean => dtype === "f32" || dtype === "bf16";

/** Sum of the gradients that reached `value`; made once. */
const total = (value: Value, gradients: Map<Value, Value[]>): Value | undefined => {
  const parts = gradients.get(value);
  if (parts === undefined) return undefined;
  const sum = parts.reduce((left, right) => add(left, right, `${value.name}.sum`));
  gradients.set(value, [sum]);
  return sum;
};

const checkGradient = (node: GraphNode, name: string, input: Value, gradient: Value): void => {
  if (sameShape(input.shape, gradient.shape) && input.dtype === gradient.dtype) return;
  throw new GraphError("GRADIENT", {
    op: node.op.name,
    node: node.name,
    what: `gradient of ${name}`,
    expected: formatType(input),
    got: formatType(gradient),
  });
};

const noRule = (node: GraphNode, name: string): GraphError =>
  new GraphError("GRADIENT", {
    op: node.op.name,
    node: node.name,
    what: `gradient of ${name}`,
    expected: "a rule",
    got: "none",
    hint: "this op stops gradients",
  });

const complain = (value: Value, what: string, expected: string, got: string): never => {
  throw new GraphError("GRADIENT", { op: "differentiate", node: value.name, what, expected, got });
};
