// Holds the layers of the native code: which rooms and libraries each room may include. What must be refused is tried.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { forbiddenIncludes } from "../fixtures/forbidden-includes.mjs";

const native = resolve(import.meta.dirname, "../../packages/cuda-kernels/native");

/** Headers of the libraries that a room has to itself. */
const LIBRARIES = {
  "Node-API": /^(napi|node_api)/,
  oneDNN: /dnnl|onednn/,
  CUDA: /^(cuda|cudnn|cublas|nvrtc)/,
};

/** What a room may include beside itself: other rooms or single files of them, and libraries. "." is the list of ops. */
const ROOMS = {
  ".": { rooms: ["functors"], libraries: [] },
  napi: { rooms: ["engine"], libraries: ["Node-API"] },
  engine: { rooms: [], libraries: [] },
  functors: { rooms: ["engine/kernel.h"], libraries: [] },
  cpu: { rooms: ["engine", "functors", "kernels.def"], libraries: ["oneDNN"] },
  cuda: { rooms: ["engine", "functors", "kernels.def"], libraries: ["CUDA"] },
  test: { rooms: ["engine", "functors", "cpu", "cuda", "kernels.def"], libraries: ["CUDA"] },
};

const roomOf = (file) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : ".");

/** Whether `file`, a path below native, may include what stands between the quotes or brackets. */
function mayInclude(file, bracket, included) {
  const { rooms, libraries } = ROOMS[roomOf(file)];
  if (bracket === "<")
    return Object.entries(LIBRARIES).every(
      ([name, headers]) => !headers.test(included) || libraries.includes(name),
    );
  // Generated sources are compiled elsewhere, with native itself among the include folders.
  const fromNative = included.includes("/") && Object.hasOwn(ROOMS, roomOf(included));
  const path = relative(native, resolve(native, fromNative ? "" : dirname(file), included));
  return roomOf(path) === roomOf(file) || rooms.some((room) => path === room || roomOf(path) === room);
}

function refusal(file, line) {
  const [, bracket, included] = /^\s*#\s*include\s*([<"])([^>"]+)/.exec(line) ?? [];
  if (included === undefined || mayInclude(file, bracket, included)) return [];
  return [`${roomOf(file)} may not include ${included}`];
}

const files = readdirSync(native, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(h|cuh|cc|cu|in|def)$/.test(entry.name))
  .map((entry) => relative(native, join(entry.parentPath, entry.name)));

const found = files.flatMap((file) =>
  readFileSync(join(native, file), "utf8")
    .split("\n")
    .flatMap((text, index) => refusal(file, text).map((problem) => `${file}:${index + 1}: ${problem}`)),
);
for (const [file, line] of forbiddenIncludes)
  if (refusal(file, line).length === 0) found.push(`${file}: '${line}' was not refused: the rule is idle.`);
if (files.length === 0) found.push("No native source was found to check.");
for (const problem of found) console.error(problem);
process.exit(found.length > 0 ? 1 : 0);
