// Runs every part of the suite on this machine's device and writes suite.json and a table: main.js <folder>
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadBackend } from "@dualpath/cuda-kernels";
import { runPart, type Part } from "./part.js";
import { compare, peerPart, type Speed } from "./peer.js";

const NO_DEVICE = 2;
const SANITIZER_ERROR = "99";
const sanitizers = [
  "/usr/local/cuda/bin/compute-sanitizer",
  "/usr/local/cuda/compute-sanitizer/compute-sanitizer",
];

interface Where {
  readonly device: string | null;
  readonly versions?: Readonly<Record<string, string>>;
  readonly reason?: string;
}

const findDevice = (): Where => {
  try {
    const backend = loadBackend({ device: "cuda" });
    return { device: backend.reason ?? backend.kind, versions: backend.versions() };
  } catch (error) {
    return { device: null, reason: error instanceof Error ? error.message : String(error) };
  }
};

const firstLine = (program: string, ...parameters: string[]): string =>
  spawnSync(program, parameters, { encoding: "utf8" }).stdout?.trim().split("\n")[0] ?? "";

/** memcheck and racecheck of ten steps; a row that says so where compute-sanitizer is not installed. */
const sanitize = (): Part[] => {
  const program = firstLine("sh", "-c", "command -v compute-sanitizer") || sanitizers.find(existsSync);
  if (!program) {
    const figures = { ran: false };
    return [{ name: "compute-sanitizer: not installed here", holds: true, seconds: 0, figures }];
  }
  return ["memcheck", "racecheck"].map((tool) => {
    const around = [program, "--tool", tool, "--error-exitcode", SANITIZER_ERROR];
    return runPart(`compute-sanitizer ${tool}`, ["steps"], { DUALPATH_NO_GRAPH: "1" }, around);
  });
};

const sameBits = (precision: string, steps: readonly Part[]): Part => {
  const digests = steps.map(({ figures }) => figures["digest"]);
  const holds = digests.every((digest) => typeof digest === "string" && digest === digests[0]);
  return {
    name: `same seed, same bits in ${precision}, captured or not`,
    holds,
    seconds: 0,
    figures: { digests },
  };
};

/** Ten steps in a precision against the golden, and their bits. */
const tenSteps = (precision: string): Part[] => {
  const steps = [
    runPart(`ten steps in ${precision} against the golden`, ["steps", precision]),
    runPart(`ten steps in ${precision} again`, ["steps", precision]),
    runPart(`ten steps in ${precision} without capture`, ["steps", precision], { DUALPATH_NO_GRAPH: "1" }),
  ];
  return [...steps, sameBits(precision, steps)];
};

const runParts = (): Part[] => {
  const watched = { DUALPATH_POISON: "1", DUALPATH_GUARD: "1" };
  const ops = runPart("ops against CPU and float64, memory poisoned and guarded", ["ops"], watched);
  const steps = ["f32", "bf16"].flatMap(tenSteps);
  const speed = ["f32", "tf32", "bf16"].map((precision) =>
    runPart(`throughput in ${precision}`, ["throughput", precision]),
  );
  const kernels = ["tf32", "bf16"].map((precision) =>
    runPart(`ten heaviest kernels in ${precision}`, ["kernels", precision]),
  );
  const peer = peerPart();
  return [ops, ...steps, ...sanitize(), ...speed, ...kernels, peer, against(speed, peer)];
};

const rowsOf = ({ figures }: Part): readonly Speed[] => (figures["rows"] ?? []) as readonly Speed[];

/** Speeds beside PyTorch's; they are reported, and fail nothing. */
const against = (speed: readonly Part[], peer: Part): Part => {
  const ours = speed.flatMap((part) =>
    rowsOf(part).map((row) => ({ ...row, precision: String(part.figures["precision"]) })),
  );
  const rows = compare(ours, rowsOf(peer));
  const worst = Math.min(...rows.map(({ ratio }) => ratio));
  const what =
    rows.length > 0 ? `at least ${worst.toFixed(2)} times PyTorch's best` : "nothing to compare with";
  return { name: `speed: ${what}`, holds: true, seconds: 0, figures: { rows } };
};

const lineOf = ({ name, holds, seconds }: Part): string =>
  `${holds ? "ok    " : "FAILED"}  ${seconds.toFixed(1).padStart(6)} s  ${name}`;

const [results = "."] = process.argv.slice(2);
const driver = firstLine("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader");
const where = { date: new Date().toISOString(), driver, ...findDevice() };
const write = (report: object): void =>
  writeFileSync(join(results, "suite.json"), `${JSON.stringify(report, null, 2)}\n`);
if (where.device === null) {
  process.stdout.write(`no device: ${where.reason}\n`);
  write(where);
  process.exit(NO_DEVICE);
}
const parts = runParts();
write({ ...where, parts });
const table = [`${where.device}, driver ${driver}`, ...parts.map(lineOf)].join("\n");
writeFileSync(join(results, "suite.txt"), `${table}\n`);
process.exit(parts.every(({ holds }) => holds) ? 0 : 1);
