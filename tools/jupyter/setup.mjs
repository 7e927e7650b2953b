#!/usr/bin/env node
// Installs Jupyter and the two kernels into a folder of the project's own, once: node tools/jupyter/setup.mjs
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setUpPackages } from "../set-up/npm.mjs";
import { run, runSetUp } from "../set-up/once.mjs";
import { setUpPython } from "../set-up/python.mjs";
import { folder } from "./folder.mjs";

const title = "Jupyter";
const source = import.meta.dirname;
const environment = join(folder, "python");
const packages = join(folder, "kernels");
const installed = (file) => join(packages, "node_modules", file);

// Deno itself, not its launcher: an interrupt would end that, and the kernel with it.
const deno = installed("deno/deno");

const kernels = {
  tslab: {
    display_name: "TypeScript (tslab)",
    language: "typescript",
    argv: [process.execPath, installed("tslab/bin/tslab"), "kernel", "--config-path", "{connection_file}"],
  },
  deno: {
    display_name: "Deno",
    language: "typescript",
    argv: [deno, "jupyter", "--kernel", "--conn", "{connection_file}"],
    env: { DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1" },
  },
};

function registerKernels() {
  if (!existsSync(deno)) run(process.execPath, [installed("deno/bin.cjs"), "--version"]);
  for (const [name, kernel] of Object.entries(kernels)) {
    const registered = join(environment, "share", "jupyter", "kernels", name);
    mkdirSync(registered, { recursive: true });
    writeFileSync(join(registered, "kernel.json"), `${JSON.stringify(kernel, null, 2)}\n`);
  }
}

runSetUp(title, () => {
  const requirements = join(source, "requirements.txt");
  setUpPython({ title, environment, requirements, program: "jupyter-lab" });
  setUpPackages({
    title: "the notebook kernels",
    folder: packages,
    source,
    program: "node_modules/.bin/tslab",
  });
  registerKernels();
  return folder;
});
