// Runs every check and every test, cheapest first, and closes with one line that counts the tests.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const environment = {
  ...process.env,
  NX_DAEMON: "false",
  NX_TUI: "false",
  NX_NO_CLOUD: "true",
  FORCE_COLOR: "0",
};
const cheapOnly = process.argv.includes("--cheap");

const steps = [
  { title: "format", command: ["npx", "prettier", "--check", "--log-level", "warn", "."] },
  { title: "native format", command: ["node", "tools/checks/native-format.mjs"] },
  { title: "native layers", command: ["node", "tools/checks/layers.mjs"] },
  { title: "error codes", command: ["node", "tools/checks/error-guide.mjs"] },
  { title: "types and lint", command: ["npx", "nx", "run-many", "-t", "lint", "typecheck", "--parallel=2"] },
  { title: "API pages", command: ["npx", "nx", "run-many", "-t", "check-docs"] },
  { title: "errors in docstrings", command: ["node", "tools/checks/thrown-errors.mjs"] },
  { title: "module boundaries", command: ["node", "tools/checks/boundaries.mjs"] },
  { title: "unit tests", command: ["npx", "nx", "run-many", "-t", "test", "--parallel=1"] },
  { title: "native tests", command: ["npx", "nx", "run-many", "-t", "test-native"] },
  { title: "end-to-end tests", command: ["npx", "nx", "run-many", "-t", "e2e", "--parallel=1"], slow: true },
];

/** Folders in which the test runners leave `test-results/*.json`. */
function resultFolders() {
  return ["packages", "."]
    .flatMap((parent) =>
      readdirSync(join(root, parent)).map((name) => join(root, parent, name, "test-results")),
    )
    .filter((folder) => existsSync(folder));
}

function counts() {
  const totals = { passed: 0, failed: 0, leftOut: 0 };
  for (const folder of resultFolders())
    for (const file of readdirSync(folder)) {
      const report = JSON.parse(readFileSync(join(folder, file), "utf8"));
      totals.passed += report.numPassedTests;
      totals.failed += report.numFailedTests;
      totals.leftOut += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
    }
  return totals;
}

function run({ title, command: [program, ...parameters] }) {
  console.log(`\n== ${title}: ${[program, ...parameters].join(" ")}`);
  const options = program === "npx" && parameters[0] === "nx" ? ["--outputStyle=static"] : [];
  const { status } = spawnSync(program, [...parameters, ...options], {
    cwd: root,
    stdio: "inherit",
    env: environment,
  });
  return status === 0;
}

for (const folder of resultFolders()) rmSync(folder, { recursive: true });
const broken = steps.filter((step) => !(cheapOnly && step.slow)).filter((step) => !run(step));
const { passed, failed, leftOut } = counts();
for (const step of broken) console.error(`failed: ${step.title}`);
console.log(`${passed} passed, ${Math.max(failed, broken.length)} failed, ${leftOut} left out`);
process.exit(broken.length > 0 || passed === 0 ? 1 : 0);
