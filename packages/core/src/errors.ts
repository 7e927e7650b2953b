import { DualpathError } from "@dualpath/cuda-kernels";

/** Codes of {@link GraphError}: the first three are raised while a graph is built, on the line that builds it. */
export type GraphErrorCode =
  | "SHAPE"
  | "DTYPE"
  | "ATTRIBUTE"
  | "NAME"
  | "GRAPH"
  | "GRADIENT"
  | "PLAN_INVALID"
  | "OP_UNKNOWN"
  | "FEED"
  | "STORE_MISSING"
  | "DISPOSED";

/** The parts of a message: `<op> '<node>': <what>: expected <expected>, got <got>[; <hint>]`. */
export interface Complaint {
  readonly op: string;
  readonly node: string;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
}

const wording = ({ op, node, what, expected, got, hint }: Complaint): string =>
  `${op} '${node}': ${what}: expected ${expected}, got ${got}${hint === undefined ? "" : `; ${hint}`}`;

/** What the graph, its passes and the engine throw; `details` holds the parts of the message as data. */
export class GraphError extends DualpathError {
  constructor(code: GraphErrorCode, complaint: Complaint) {
    super(code, wording(complaint), { ...complaint });
  }
}
