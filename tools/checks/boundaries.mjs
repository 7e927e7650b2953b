// Proves that the module-boundary rule is alive: a forbidden import must be reported.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ESLint } from "eslint";

const rule = "@nx/enforce-module-boundaries";
const root = resolve(import.meta.dirname, "../..");
const source = readFileSync(resolve(root, "tools/fixtures/core-imports-datasets.ts"), "utf8");
const [result] = await new ESLint({ cwd: root }).lintText(source, {
  filePath: resolve(root, "packages/core/src/core-imports-datasets.ts"),
});
if (!result?.messages.some((message) => message.ruleId === rule)) {
  console.error(`${rule} did not refuse an import of datasets by core: the rule is idle.`);
  process.exit(1);
}
console.log(`${rule} refuses what it must refuse.`);
