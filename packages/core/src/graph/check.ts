import { GraphError } from "../errors.js";
import { formatShape, formatType, sameShape, type DType, type Shape, type TensorType } from "./types.js";

/** The checks of one node under construction; each throws a {@link GraphError} that names op and node. */
export interface Check {
  readonly op: string;
  readonly node: string;
  shapeError(what: string, expected: string, got: string, hint?: string): never;
  dtypeError(what: string, expected: string, got: string, hint?: string): never;
  attributeError(what: string, expected: string, got: string, hint?: string): never;
  rank(what: string, type: TensorType, ...ranks: readonly number[]): void;
  dtype(what: string, type: TensorType, ...dtypes: readonly DType[]): void;
  shape(what: string, type: TensorType, expected: Shape, hint?: string): void;
  size(what: string, expected: number, got: number, hint?: string): void;
}

type Thrower = (what: string, expected: string, got: string, hint?: string) => never;

export const createCheck = (op: string, node: string): Check => {
  const thrower =
    (code: "SHAPE" | "DTYPE" | "ATTRIBUTE"): Thrower =>
    (what, expected, got, hint) => {
      throw new GraphError(code, { op, node, what, expected, got, ...(hint === undefined ? {} : { hint }) });
    };
  const [shapeError, dtypeError, attributeError] = [thrower("SHAPE"), thrower("DTYPE"), thrower("ATTRIBUTE")];
  return {
    op,
    node,
    shapeError,
    dtypeError,
    attributeError,
    rank: (what, type, ...ranks) => {
      if (!ranks.includes(type.shape.length))
        shapeError(what, `rank ${ranks.join(" or ")}`, formatType(type));
    },
    dtype: (what, type, ...dtypes) => {
      if (!dtypes.includes(type.dtype)) dtypeError(what, dtypes.join(" or "), formatType(type));
    },
    shape: (what, type, expected, hint) => {
      if (!sameShape(type.shape, expected))
        shapeError(what, formatShape(expected), formatShape(type.shape), hint);
    },
    size: (what, expected, got, hint) => {
      if (expected !== got) shapeError(what, String(expected), String(got), hint);
    },
  };
};
