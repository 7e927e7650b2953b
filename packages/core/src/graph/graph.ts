import { GraphError } from "../errors.js";
import { outputNames, updatedPosition, type OpRow } from "./op.js";
import { formatType, sameShape, type Attributes, type DType, type Shape, type TensorType } from "./types.js";

/** Where a value comes from; `updated` is the store value that an effect's output overwrites. */
export type Origin =
  | { readonly kind: "feed" }
  | { readonly kind: "store" }
  | { readonly kind: "scalar" }
  | { readonly kind: "node"; readonly node: GraphNode; readonly output: number; readonly updated?: Value };

/** One tensor of a graph: a name, a shape and a number type, no data. */
export interface Value extends TensorType {
  readonly graph: Graph;
  readonly name: string;
  readonly origin: Origin;
}

/** One use of an op. */
export interface GraphNode {
  readonly op: OpRow;
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attrs: Attributes;
  /** Computes once more what was not kept: it runs when a reader waits for nothing else. */
  readonly again?: true;
}

/**
 * A symbolic computation. Ops append nodes; nothing is computed. Feeds are given at every step, parameters
 * live in the Store under their name and scalars are single 4-byte numbers given at every step.
 *
 * Names of feeds, parameters and scalars are taken as given. Names of nodes get the open scopes in front
 * (`image.block1` + `conv1`) and `#2`, `#3`... behind when taken, so that a path used twice keeps readable
 * names.
 *
 * An op throws on the line that calls it: SHAPE or DTYPE for inputs that do not fit, ATTRIBUTE for constants
 * that do not, GRAPH for values of two graphs. No node is appended then.
 */
export class Graph {
  readonly name: string;
  readonly #nodes: GraphNode[] = [];
  readonly #boundary = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #nodeByName = new Map<string, GraphNode>();
  #scope = "";

  constructor(name: string) {
    this.name = name;
  }

  /** Nodes in the order of their making, which is an execution order. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** All feeds, parameters and scalars asked for so far. */
  get boundary(): readonly Value[] {
    return [...this.#boundary.values()];
  }

  /**
   * A value given at every step. Throws NAME when the name is taken, SHAPE unless every size is a positive
   * integer.
   */
  input(name: string, shape: Shape, dtype: DType = "f32"): Value {
    return this.#addBoundary("feed", name, { shape: [...shape], dtype });
  }

  /**
   * A value of the Store. Asked twice for one name, returns the same Value. Throws SHAPE when the types
   * differ or a size is no positive integer, NAME when the name is taken by anything but a parameter.
   */
  parameter(name: string, shape: Shape, dtype: DType = "f32"): Value {
    const known = this.#boundary.get(name);
    if (known?.origin.kind !== "store") return this.#addBoundary("store", name, { shape: [...shape], dtype });
    if (known.dtype === dtype && sameShape(known.shape, shape)) return known;
    const [expected, got] = [formatType(known), formatType({ shape, dtype })];
    throw new GraphError("SHAPE", {
      op: "parameter",
      node: name,
      what: "type of the second use",
      expected,
      got,
    });
  }

  /**
   * A rank-0 number given at every step (rates, seed, step counter, loss weights). Asked twice for one name,
   * returns the same Value. Throws NAME when the name is taken by anything else, or by a scalar of the other
   * number type.
   */
  scalar(name: string, dtype: "f32" | "u32" = "f32"): Value {
    const known = this.#boundary.get(name);
    return known?.origin.kind === "scalar" && known.dtype === dtype
      ? known
      : this.#addBoundary("scalar", name, { shape: [], dtype });
  }

  /** Runs `body`; nodes made inside get `name.` in front of their names. Scopes nest. */
  scope<T>(name: string, body: () => T): T {
    return this.#withScope(this.#scope === "" ? name : `${this.#scope}.${name}`, body);
  }

  /** Like `scope`, but `name` replaces the open scopes. */
  rootScope<T>(name: string, body: () => T): T {
    return this.#withScope(name, body);
  }

  /**
   * The value of this name: a boundary value, a node's first output, or `node:output` for another output;
   * undefined where there is none.
   */
  find(name: string): Value | undefined {
    const boundary = this.#boundary.get(name);
    if (boundary) return boundary;
    const colon = name.lastIndexOf(":");
    const node = this.#nodeByName.get(name) ?? this.#nodeByName.get(name.slice(0, colon));
    return node?.outputs.find((output) => output.name === name);
  }

  /** Reserves the full name that a node called `name` gets here and now. */
  claimName(name: string): string {
    const full = this.#scope === "" ? name : `${this.#scope}.${name}`;
    let unique = full;
    for (let copy = 2; this.#names.has(unique); copy++) unique = `${full}#${copy}`;
    this.#names.add(unique);
    return unique;
  }

  /** Appends a checked node under a name from `claimName`; ops call this, users call ops. */
  append(
    op: OpRow,
    name: string,
    inputs: readonly Value[],
    attrs: Attributes,
    types: readonly TensorType[],
  ): GraphNode {
    const outputs: Value[] = [];
    const names = outputNames(op, types.length);
    const node: GraphNode = { op, name, inputs, outputs, attrs };
    types.forEach(({ shape, dtype }, output) => {
      const valueName = output === 0 ? name : `${name}:${names[output] ?? output}`;
      const position = updatedPosition(op, output);
      const updated = position === undefined ? undefined : inputs[position];
      const origin: Origin = { kind: "node", node, output, ...(updated === undefined ? {} : { updated }) };
      outputs.push({ graph: this, name: valueName, shape, dtype, origin });
    });
    this.#nodes.push(node);
    this.#nodeByName.set(name, node);
    return node;
  }

  #withScope<T>(scope: string, body: () => T): T {
    const outer = this.#scope;
    this.#scope = scope;
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  #addBoundary(kind: "feed" | "store" | "scalar", name: string, { shape, dtype }: TensorType): Value {
    const complain = (code: "NAME" | "SHAPE", what: string, expected: string, got: string): never => {
      throw new GraphError(code, {
        op: kind === "store" ? "parameter" : kind,
        node: name,
        what,
        expected,
        got,
      });
    };
    if (this.#names.has(name)) complain("NAME", "name", "one that is free", `'${name}', which is taken`);
    const bad = shape.find((size) => !Number.isSafeInteger(size) || size < 1);
    if (bad !== undefined) complain("SHAPE", "axis size", "a positive integer", String(bad));
    const value: Value = { graph: this, name, shape, dtype, origin: { kind } };
    this.#names.add(name);
    this.#boundary.set(name, value);
    return value;
  }
}
