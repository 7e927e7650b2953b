import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { workspaceRoot } from "./session/workspace.js";
import { forgottenShorthands } from "./testing/shorthands.js";

const folder = join(workspaceRoot(), "notebooks");
const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

interface Notebook {
  readonly cells: readonly {
    readonly cell_type: string;
    readonly source: readonly string[];
    readonly outputs?: readonly unknown[];
    readonly execution_count?: unknown;
  }[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
}

describe("the notebooks in git", () => {
  it("are the four of the guide", () => {
    expect(names.map((name) => name.slice(0, 1))).toEqual(["1", "2", "3", "4"]);
  });

  it.each(names)("%s holds no outputs and opens in tslab", (name) => {
    const { cells, metadata } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Notebook;
    expect(metadata.kernelspec.name).toBe("tslab");
    const code = cells.filter(({ cell_type: type }) => type === "code");
    expect(code.length).toBeGreaterThan(4);
    for (const { outputs, execution_count: count } of code) expect([outputs, count]).toEqual([[], null]);
  });

  it.each(names)(
    "%s names no variable of an earlier cell in a shorthand property, which tslab forgets",
    (name) => {
      const { cells } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Notebook;
      const sources = cells
        .filter(({ cell_type: type }) => type === "code")
        .map(({ source }) => source.join(""));
      expect(forgottenShorthands(sources)).toEqual([]);
      expect(forgottenShorthands(["const [a, { b }] = c;", "f({ a, b, d: a });"])).toEqual(["a", "b"]);
    },
  );
});
