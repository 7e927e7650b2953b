// Bundles a package into dist/index.js, zod included: a hundred small files and zod's own would cost a quarter of a
// second at every import. Run in the package's folder.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "rolldown";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const zod = dirname(createRequire(join(process.cwd(), "package.json")).resolve("zod/package.json"));
const license = readFileSync(join(zod, "LICENSE"), "utf8").trim();

export default defineConfig({
  input: "src/index.ts",
  platform: "node",
  external: Object.keys(dependencies).filter((name) => name !== "zod"),
  output: {
    file: "dist/index.js",
    format: "esm",
    sourcemap: true,
    banner: `/*! Contains zod.\n${license}\n*/`,
  },
});
