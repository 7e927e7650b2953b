import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes, type OpDefinition } from "../graph/op.js";
import type { DType, TensorType } from "../graph/types.js";

const floats: readonly DType[] = ["f32", "bf16"];

export const checkFloat = (check: Check, types: Readonly<Record<string, TensorType>>): void => {
  for (const [name, type] of Object.entries(types)) check.dtype(name, type, ...floats);
};

type NoAttributes = typeof noAttributes;

/** The part of a row that says what bf16 may keep; absent: nothing. */
interface Storage<Name extends string> {
  readonly narrow?: readonly Name[];
}

/** A row y = f(x) without attributes, in place. */
export const unaryOp = (
  name: string,
  f: (x: number) => number,
  gradient: (x: Value, dy: Value, y: Value) => Value,
  storage: Storage<"x" | "y"> = {},
): OpDefinition<"x", "y", NoAttributes> =>
  defineOp({
    ...storage,
    name,
    inputs: ["x"],
    outputs: ["y"],
    attrs: noAttributes,
    inPlace: [0],
    infer: ({ x }, _, check) => {
      checkFloat(check, { x });
      return [x];
    },
    grad: ({ x }, dy, _, { y }) => ({ x: () => gradient(x, dy, y) }),
    reference: ({ x }) => [x.data.map((value) => f(value))],
  });

/** A row dx = f(dy, saved), where `saved` is the forward op's input or output; in place on either. */
export const unaryGradOp = <Saved extends "x" | "y">(
  name: string,
  saved: Saved,
  f: (dy: number, saved: number) => number,
  storage: Storage<"dy" | Saved | "dx"> = {},
): OpDefinition<"dy" | Saved, "dx", NoAttributes> =>
  defineOp<"dy" | Saved, "dx", NoAttributes>({
    ...storage,
    name,
    inputs: ["dy", saved],
    outputs: ["dx"],
    attrs: noAttributes,
    inPlace: [0, 1],
    infer: (inputs, _, check) => {
      const dy = inputs["dy"];
      check.shape(saved, inputs[saved], dy.shape);
      checkFloat(check, { dy, [saved]: inputs[saved] });
      return [dy];
    },
    reference: (inputs) => [inputs["dy"].data.map((dy, index) => f(dy, inputs[saved].data[index]!))],
  });
