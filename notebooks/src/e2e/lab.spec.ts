import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { workspaceRoot } from "../session/workspace.js";

interface Specs {
  readonly kernelspecs: Readonly<Record<string, { readonly spec: { readonly display_name: string } }>>;
}

/** Opens the lab without a browser on a free port; returns its process and its address. */
async function openLab() {
  const options = ["--no-browser", "--allow-root", "--port=0", "--IdentityProvider.token=test"];
  const lab = spawn(process.execPath, [join(workspaceRoot(), "tools/jupyter/lab.mjs"), ...options], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void lab.kill("SIGKILL"));
  for await (const line of createInterface(lab.stderr)) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
    if (address !== undefined) return { lab, address };
  }
  throw new Error("the lab ended before it said where it is");
}

it("the lab offers the notebooks and both kernels, and ends when it is told to", async () => {
  const { lab, address } = await openLab();
  const ask = async (path: string): Promise<unknown> =>
    (await fetch(new URL(`${path}?token=test`, address))).json();
  const { kernelspecs } = (await ask("api/kernelspecs")) as Specs;
  expect(kernelspecs).toMatchObject({
    tslab: { spec: { display_name: "TypeScript (tslab)" } },
    deno: { spec: { display_name: "Deno" } },
  });
  const { content } = (await ask("api/contents")) as { content: readonly { readonly name: string }[] };
  const notebooks = content.map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));
  expect(notebooks).toHaveLength(4);
  lab.kill("SIGTERM");
  const [code] = (await once(lab, "exit")) as [number | null];
  expect(code).toBe(0);
});
