import type { NodeTime } from "@dualpath/cuda-kernels";
import { GraphError } from "../errors.js";
import { explain, type Explanation } from "../graph/explain.js";
import type { Graph, Value } from "../graph/graph.js";
import { prune } from "../graph/prune.js";
import type { Plan, TypedArray } from "../graph/types.js";
import { checkArray } from "./arrays.js";
import type { EngineProgram } from "./backend.js";
import { describePrecision, type PrecisionInForce } from "./precision.js";
import { packScalars } from "./scalars.js";

/** The arrays of one step by feed name, row-major, of the feeds' shapes and number types. */
export type Feeds = Readonly<Record<string, TypedArray>>;
/** The numbers of one step by scalar name: rates, weights, seed and step. */
export type Scalars = Readonly<Record<string, number>>;

interface ProgramParts {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly native: EngineProgram;
  /** Names of the taps, in the plan's order. */
  readonly keys: readonly string[];
  /** Where it runs, and why there. */
  readonly device: string;
  readonly precision: PrecisionInForce;
  /** Compiles another plan of the same graph on the same store. */
  readonly compile: (request: { taps: readonly Value[]; name: string }) => Promise<Program>;
}

/** One compiled plan with its memory. Made by `Store.compile`. */
export class Program {
  readonly plan: Plan;
  /** How products are computed, and why so where something else was asked for. */
  readonly precision: PrecisionInForce;
  readonly #parts: ProgramParts;
  readonly #peeks = new Map<string, Promise<Program>>();
  #disposed = false;

  /** @internal */
  constructor(parts: ProgramParts) {
    this.plan = parts.plan;
    this.precision = parts.precision;
    this.#parts = parts;
  }

  /**
   * Runs the plan once: effects happen, taps come back under their names. `feeds` and `scalars` may hold more
   * than the plan needs. Feeds are copied before the promise is returned. Throws FEED for a feed or scalar
   * that is missing or out of range, SHAPE or DTYPE for an array that does not fit, STORE_MISSING or SHAPE
   * when a value that the plan uses was removed from the Store or written anew in another type, NON_FINITE
   * with DUALPATH_CHECK=1, DISPOSED after `dispose`.
   */
  async step(feeds: Feeds, scalars: Scalars = {}): Promise<Record<string, TypedArray>> {
    const results = await this.#parts.native.step(this.#arrange(feeds), packScalars(this.plan, scalars));
    return Object.fromEntries(this.#parts.keys.map((key, index) => [key, results[index] as TypedArray]));
  }

  /**
   * The value of any node of the graph, by name, on the given feeds: `"text.block3"`, or `"name:output"` for
   * an output other than the first. No effect happens. The first look at a name compiles a small plan, which
   * is kept. Throws NAME for an unknown name, PLAN_INVALID for a scalar or a value that needs an update, and
   * as `step`.
   */
  async peek(name: string, feeds: Feeds, scalars: Scalars = {}): Promise<TypedArray> {
    this.#checkOpen();
    const value = this.#parts.graph.find(name) ?? this.#unknown(name);
    if (value.origin.kind === "feed") return feeds[name] ?? this.#unknown(name);
    this.#refuseEffects(name, value);
    const program = await this.#peekProgram(name, value);
    return (await program.step(feeds, scalars))[name] as TypedArray;
  }

  /** Every node with shape, bytes, FLOPs and kernel, and the totals. Throws DISPOSED after `dispose`. */
  explain(): Explanation {
    this.#checkOpen();
    const precision = describePrecision(this.precision);
    return explain(this.plan, this.#parts.native.describe(), { device: this.#parts.device, precision });
  }

  /**
   * Time of every node in milliseconds, in one timed step; effects happen. Throws FEED, SHAPE, DTYPE,
   * STORE_MISSING, NON_FINITE or DISPOSED as `step`.
   */
  async profile(feeds: Feeds, scalars: Scalars = {}): Promise<NodeTime[]> {
    return this.#parts.native.profile(this.#arrange(feeds), packScalars(this.plan, scalars));
  }

  /** Frees the program's memory after the steps under way. Calling it twice is harmless. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const peek of this.#peeks.values()) await (await peek).dispose();
    await this.#parts.native.dispose();
  }

  /** As `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #arrange(feeds: Feeds): TypedArray[] {
    this.#checkOpen();
    return this.plan.feeds.map((id) => {
      const type = this.plan.values[id] as Plan["values"][number];
      const { name } = type;
      if (name in feeds) return checkArray("feed", name, type, feeds[name]);
      const got = Object.keys(feeds).join(", ") || "none";
      throw new GraphError("FEED", {
        op: "step",
        node: this.plan.name,
        what: "feeds",
        expected: `'${name}'`,
        got,
      });
    });
  }

  #peekProgram(name: string, value: Value): Promise<Program> {
    const known = this.#peeks.get(name);
    if (known) return known;
    const made = this.#parts.compile({ taps: [value], name: `${this.plan.name}.peek.${name}` });
    this.#peeks.set(name, made);
    made.catch(() => this.#peeks.delete(name));
    return made;
  }

  #refuseEffects(name: string, value: Value): void {
    const effect = prune(value.graph, [value]).find(({ op }) => op.updates !== undefined);
    if (effect === undefined) return;
    const what = `'${name}'`;
    const [expected, got] = ["a value that needs no update", `one that needs '${effect.name}'`];
    const hint = "read it from the Store after a step";
    throw new GraphError("PLAN_INVALID", { op: "peek", node: this.plan.name, what, expected, got, hint });
  }

  #unknown(name: string): never {
    const { graph } = this.#parts;
    const similar = graph.nodes
      .map((node) => node.name)
      .filter((known) => known.includes(name.split(".").pop() ?? name));
    const hint = similar.length === 0 ? {} : { hint: `similar: ${similar.slice(0, 5).join(", ")}` };
    const expected = `a value of graph '${graph.name}'`;
    throw new GraphError("NAME", {
      op: "peek",
      node: this.plan.name,
      what: "name",
      expected,
      got: `'${name}'`,
      ...hint,
    });
  }

  #checkOpen(): void {
    if (this.#disposed)
      throw new GraphError("DISPOSED", {
        op: "program",
        node: this.plan.name,
        what: "state",
        expected: "open",
        got: "disposed",
      });
  }
}
