// Holds the native sources to .clang-format. Other versions of clang-format break some lines elsewhere.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const VERSION = 14;
const native = resolve(import.meta.dirname, "../../packages/cuda-kernels/native");

const { stdout } = spawnSync("clang-format", ["--version"], { encoding: "utf8" });
const found = /version (\d+)/.exec(stdout ?? "")?.[1];
if (found !== String(VERSION)) {
  console.log(
    `left out: the format of the native sources needs clang-format ${VERSION}, found ${found ?? "none"}`,
  );
  process.exit(0);
}
const files = readdirSync(native, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(h|cuh|cc|cu)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
const { status } = spawnSync("clang-format", ["--dry-run", "--Werror", ...files], { stdio: "inherit" });
if (files.length === 0) console.error("No native source was found to check.");
process.exit(files.length === 0 ? 1 : (status ?? 1));
