/** What the display helpers use of Deno's Jupyter kernel. */
interface DenoJupyter {
  broadcast(type: string, content: unknown): Promise<void>;
}

/** What they use of tslab's. */
export interface TslabDisplay {
  raw(mime: string, data: string | Uint8Array): void;
}

interface Tslab {
  readonly display: TslabDisplay;
  newDisplay(): TslabDisplay;
}

/** Where code runs: one of the two notebook kernels, or a plain process. */
export type Place =
  | { readonly kind: "tslab"; readonly tslab: Tslab }
  | { readonly kind: "deno"; readonly jupyter: DenoJupyter }
  | { readonly kind: "process" };

interface Globals {
  readonly Deno?: { readonly jupyter?: DenoJupyter };
  readonly __tslab__?: { require(name: "tslab"): Tslab };
}

/** Finds out where this process runs. */
export function findPlace(globals: object = globalThis): Place {
  const { Deno: deno, __tslab__: kernel } = globals as Globals;
  if (kernel !== undefined) return { kind: "tslab", tslab: kernel.require("tslab") };
  const jupyter = jupyterOf(deno);
  return jupyter === undefined ? { kind: "process" } : { kind: "deno", jupyter };
}

// Outside of its kernel, Deno throws when it is asked for `jupyter`.
function jupyterOf(deno: Globals["Deno"]): DenoJupyter | undefined {
  try {
    return typeof deno?.jupyter?.broadcast === "function" ? deno.jupyter : undefined;
  } catch {
    return undefined;
  }
}
