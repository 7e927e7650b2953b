import type { GraphNode } from "./graph.js";
import { formatType } from "./types.js";

/** The printer of every pass over nodes: one line each with name, op, inputs and output types. */
export const formatNodes = (nodes: readonly GraphNode[]): string =>
  nodes
    .map(({ name, op, inputs, outputs }) => {
      const names = inputs.map((input) => input.name).join(", ");
      return `${name} = ${op.name}(${names}) -> ${outputs.map(formatType).join(", ")}`;
    })
    .join("\n");
