#!/usr/bin/env node
// Builds and runs the C++ tests, and leaves the counts in test-results/native.json of the package.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { build, buildTarget, project } from "./cmake.mjs";
import { BuildFailure, reporting } from "./failure.mjs";

/** Sums the closing lines that every test program prints: "<n> passed, <m> failed". */
function counts(text) {
  const lines = [...text.matchAll(/(\d+) passed, (\d+) failed/g)];
  const sum = (column) => lines.reduce((total, line) => total + Number(line[column]), 0);
  return { numPassedTests: sum(1), numFailedTests: sum(2) };
}

await reporting("native tests", () => {
  buildTarget("all");
  const { status, stdout, error } = spawnSync("ctest", ["--test-dir", build, "--verbose"], {
    encoding: "utf8",
  });
  if (error) throw new BuildFailure(`ctest did not start: ${error.message}; install the package cmake`);
  console.log(stdout);
  const folder = join(project, "test-results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "native.json"), JSON.stringify(counts(stdout)));
  if (status !== 0) throw new BuildFailure("some C++ test failed; see above");
});
