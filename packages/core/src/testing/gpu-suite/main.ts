// Runs every part of the suite on this machine's device within eight minutes: main.js <folder>. Writes a dated JSON and
// a table there.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadBackend } from "@dualpath/cuda-kernels";
import { startBudget, type Budget } from "./budget.js";
import {
  countOutcomes,
  lineOf,
  partOf,
  runPart,
  STATUS,
  statusOf,
  type Part,
  type PartOptions,
} from "./part.js";
import { compare, peerPart, type Speed } from "./peer.js";
import { rehearsed } from "./workload.js";

/** Less than eight minutes by what starting and writing take. */
const SECONDS = 470;
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

/** memcheck and racecheck of ten steps, where compute-sanitizer is installed. */
const sanitize = (budget: Budget): Part[] => {
  const program = firstLine("sh", "-c", "command -v compute-sanitizer") || sanitizers.find(existsSync);
  if (!program) return [partOf("compute-sanitizer: not installed here", "absent")];
  return ["memcheck", "racecheck"].map((tool) =>
    runPart(`compute-sanitizer ${tool}`, ["steps"], budget, {
      environment: { DUALPATH_NO_GRAPH: "1" },
      around: [program, "--tool", tool, "--error-exitcode", SANITIZER_ERROR],
      most: 60,
    }),
  );
};

const sameBits = (precision: string, steps: readonly Part[]): Part => {
  const digests = steps.map(({ figures }) => figures["digest"]);
  const name = `same seed, same bits in ${precision}, captured or not`;
  if (steps.some(({ outcome }) => outcome === "cut")) return partOf(name, "cut");
  const holds = digests.every((digest) => typeof digest === "string" && digest === digests[0]);
  return partOf(name, holds ? "ok" : "failed", { digests });
};

/** Ten steps in a precision against the golden, and their bits. */
const tenSteps = (precision: string, budget: Budget): Part[] => {
  const run = (how: string, options: PartOptions = {}): Part =>
    runPart(`ten steps in ${precision} ${how}`, ["steps", precision], budget, { most: 60, ...options });
  const steps = [
    run("against the golden"),
    run("again"),
    run("without capture", { environment: { DUALPATH_NO_GRAPH: "1" } }),
  ];
  return [...steps, sameBits(precision, steps)];
};

/** What must be right: ops, steps, and the same bits every time. */
const proofs = (budget: Budget): Part[] => {
  const watched = { DUALPATH_POISON: "1", DUALPATH_GUARD: "1" };
  const ops = runPart("ops against CPU and float64, memory poisoned and guarded", ["ops"], budget, {
    environment: watched,
    most: 150,
  });
  const steps = ["f32", "bf16"].flatMap((precision) => tenSteps(precision, budget));
  return [ops, ...steps, ...sanitize(budget)];
};

const rowsOf = ({ figures }: Part): readonly Speed[] => (figures["rows"] ?? []) as readonly Speed[];

/** Speeds beside PyTorch's; they are reported, and fail nothing. */
const against = (speed: readonly Part[], peer: Part): Part => {
  const ours = speed.flatMap((part) =>
    rowsOf(part).map((row) => ({ ...row, precision: String(part.figures["precision"]) })),
  );
  const rows = compare(ours, rowsOf(peer));
  if (rows.length === 0) return partOf("speed: nothing to compare with", "absent");
  const worst = Math.min(...rows.map(({ ratio }) => ratio));
  return partOf(`speed: at least ${worst.toFixed(2)} times PyTorch's best`, "ok", { rows });
};

/** What is measured; PyTorch comes last and takes what time is left. */
const measurements = (budget: Budget): Part[] => {
  const speed = ["f32", "tf32", "bf16"].map((precision) =>
    runPart(`throughput in ${precision}`, ["throughput", precision], budget, { most: 60 }),
  );
  const kernels = ["tf32", "bf16"].map((precision) =>
    runPart(`ten heaviest kernels in ${precision}`, ["kernels", precision], budget, { most: 60 }),
  );
  const peer = peerPart(budget);
  return [...speed, ...kernels, peer, against(speed, peer)];
};

const [results = "."] = process.argv.slice(2);
const budget = startBudget(SECONDS);
const date = new Date().toISOString();
const driver = firstLine("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader");
const where = { date, rehearsed, driver, ...findDevice() };
const file = join(results, `${date.slice(0, 10)}-gpu`);
const write = (report: object): void => writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
if (where.device === null) {
  process.stdout.write(`no device: ${where.reason}\n`);
  write(where);
  process.exit(STATUS.noDevice);
}
const parts = [...proofs(budget), ...measurements(budget)];
const counts = countOutcomes(parts);
const seconds = SECONDS - budget.left();
write({ ...where, seconds, counts, parts });
const total = Object.entries(counts).map(([outcome, number]) => `${number} ${outcome}`);
const table = [`${where.device}, driver ${driver || "none"}`, ...parts.map(lineOf), total.join(", ")];
writeFileSync(`${file}.txt`, `${table.join("\n")}\n`);
process.exit(statusOf(counts));
