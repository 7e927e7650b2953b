#!/usr/bin/env node
// Prints what of the processor a native build depends on: kernels are compiled for the vector extensions of the machine.
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

const list = "/proc/cpuinfo";
const flags = existsSync(list) ? /^flags\s*:(.*)$/m.exec(readFileSync(list, "utf8"))?.[1] : undefined;
const vectors = flags
  ?.trim()
  .split(/\s+/)
  .filter((flag) => /^(avx|fma|amx|sse4)/.test(flag));
console.log(vectors?.sort().join(" ") ?? cpus()[0]?.model ?? process.arch);
