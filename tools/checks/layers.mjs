// Holds the layers of the native code: napi -> engine -> functors, cpu, cuda; the last two never meet.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const native = resolve(import.meta.dirname, "../../packages/cuda-kernels/native");

/** Folder -> what its includes may not match. */
const forbidden = {
  engine: [/napi/, /dnnl|onednn/, /cuda|cudnn|cublas/, /\bcpu\//],
  functors: [/napi/, /dnnl|onednn/, /<cuda|cudnn|cublas/, /\bcpu\//, /"cuda\//],
  cpu: [/napi/, /cuda|cudnn|cublas/],
  cuda: [/napi/, /dnnl|onednn/, /\bcpu\//],
  test: [/napi/],
};

function files(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(h|cuh|cc|cu)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function violations([folder, patterns]) {
  return files(join(native, folder)).flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((text, index) => ({ text, line: index + 1 }))
      .filter(({ text }) => text.startsWith("#include") && patterns.some((pattern) => pattern.test(text)))
      .map(({ text, line }) => `${relative(native, file)}:${line}: ${folder} may not ${text}`),
  );
}

const found = Object.entries(forbidden).flatMap(violations);
const checked = Object.keys(forbidden).flatMap((folder) => files(join(native, folder))).length;
for (const violation of found) console.error(violation);
if (checked === 0) console.error("No native source was found to check.");
process.exit(found.length > 0 || checked === 0 ? 1 : 0);
