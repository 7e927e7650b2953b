#!/usr/bin/env node
// Builds and runs the C++ tests, and leaves the counts in test-results/native.json of the package.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { build, buildTarget, project } from "./cmake.mjs";
import { BuildFailure, reporting } from "./failure.mjs";

/** Test programs that passed and failed, by ctest's report. */
function counts(report) {
  const endings = [...report.matchAll(/^ *\d+\/\d+ Test +#\d+: .*?(Passed|\*{3}\w+)/gm)];
  const passed = endings.filter(([, ending]) => ending === "Passed").length;
  return { numPassedTests: passed, numFailedTests: endings.length - passed };
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
  const { numPassedTests, numFailedTests } = counts(stdout);
  writeFileSync(join(folder, "native.json"), JSON.stringify({ numPassedTests, numFailedTests }));
  if (status !== 0 || numPassedTests === 0)
    throw new BuildFailure("some C++ test failed or none ran; see above");
});
