import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BuildFailure } from "./failure.mjs";

/** Registers that a kernel may grow by before somebody has to look. */
const GROWTH = 16;

/** What ptxas says of one kernel, from its log: mangled name, target, registers, bytes of stack and of spills. */
const ENTRY =
  /Compiling entry function '(\S+)' for '(\S+)'[\s\S]*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads[\s\S]*?Used (\d+) registers/g;

function demangled(names) {
  const { status, stdout } = spawnSync("c++filt", [], { input: names.join("\n"), encoding: "utf8" });
  if (status !== 0) throw new BuildFailure("c++filt, which comes with g++'s binutils, did not run");
  const short = (name) =>
    name
      .replace(/^void /, "")
      .replace(/\(long, .*$/, "")
      .replace(/(dualpath|functors|cuda|\(anonymous namespace\))::/g, "");
  return stdout.trim().split("\n").map(short);
}

/** Kernels by "name target", sorted. */
export function resourcesOf(logs) {
  const found = logs.flatMap((log) => [...log.matchAll(ENTRY)]);
  const names = demangled(found.map(([, name]) => name));
  const rows = found.map(([, , target, stack, stores, loads, registers], index) => [
    `${names[index]} ${target}`,
    { registers: Number(registers), stack: Number(stack), spills: Number(stores) + Number(loads) },
  ]);
  return new Map(rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

const COLUMNS = ["registers", "stack", "spills"];

/** One line a kernel: registers, bytes of stack, bytes of spills, name. */
export const formatResources = (resources) =>
  [...resources]
    .map(([name, row]) => [...COLUMNS.map((column) => String(row[column]).padStart(6)), name].join(" "))
    .join("\n") + "\n";

export const parseResources = (text) =>
  new Map(
    text
      .trim()
      .split("\n")
      .map((line) => /^ *(\d+) +(\d+) +(\d+) (.*)$/.exec(line))
      .filter(Boolean)
      .map(([, registers, stack, spills, name]) => [
        name,
        { registers: Number(registers), stack: Number(stack), spills: Number(spills) },
      ]),
  );

/** What got worse: more spills, or many more registers than the list says. A new kernel may not spill. */
export function regressions(expected, got) {
  return [...got].flatMap(([name, row]) => {
    const before = expected.get(name) ?? { registers: Infinity, spills: 0 };
    const worse = [];
    if (row.spills > before.spills) worse.push(`${name}: spills ${before.spills} -> ${row.spills} bytes`);
    if (row.registers > before.registers + GROWTH)
      worse.push(`${name}: registers ${before.registers} -> ${row.registers}`);
    return worse;
  });
}

/** Logs of the sources that there are; a build folder may hold others of sources that are gone. */
function currentLogs(folder, project) {
  const listed = (path, ending) =>
    readdirSync(join(project, path))
      .filter((name) => name.endsWith(ending))
      .map((name) => name.slice(0, -ending.length));
  const sources = [...listed("native/cuda", ".cu"), ...listed("native/functors/families", ".def")];
  return sources.map((name) => join(folder, `${name}.o.log`)).filter(existsSync);
}

/**
 * Writes resources.txt into the build folder and holds it against the checked-in list. Only the pinned compiler is held
 * to it: another one allocates differently.
 */
export function checkResources(build, project, pinned) {
  const logs = currentLogs(join(build, "device"), project);
  const got = resourcesOf(logs.map((name) => readFileSync(name, "utf8")));
  const written = join(build, "resources.txt");
  writeFileSync(written, formatResources(got));
  const checkedIn = join(project, "native/cuda/resources.txt");
  console.log(`CUDA kernels: ${got.size}, with their registers in ${written}`);
  if (!pinned) return;
  const expected = existsSync(checkedIn) ? parseResources(readFileSync(checkedIn, "utf8")) : new Map();
  const worse = regressions(expected, got);
  if (worse.length > 0)
    throw new BuildFailure(
      `kernels need more than ${checkedIn} says; where that is meant, copy ${written} over it:\n${worse.join("\n")}`,
    );
}
