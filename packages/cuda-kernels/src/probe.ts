import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Names of the CUDA devices, "cuda:0 NVIDIA H100" and so on; or none, and why. */
export interface Probe {
  readonly devices: readonly string[];
  readonly reason?: string;
}

const remedy = "build it with `npx nx run cuda-kernels:build-cuda`";
const patience = 60_000;

/** Runs in the child: a crash of a driver or library ends that process and not this one. */
const question = (call: string): string => `
  const answer = (value) => process.stdout.write(JSON.stringify(value));
  try {
    answer({ value: require(process.argv[1]).${call}() });
  } catch (error) {
    answer({ reason: error.message });
  }`;

/** What the child answered, or why it did not. */
export type Answer<T> = { readonly value: T } | { readonly reason: string };

const probes = new Map<string, Probe>();

/** Asks the CUDA binary at `path`, in a child process and once, which devices it can use. */
export function probeCuda(path: string): Probe {
  const known = probes.get(path);
  if (known) return known;
  const found = existsSync(path) ? askDevices(path) : none(`this build has no CUDA binary; ${remedy}`);
  probes.set(path, found);
  return found;
}

function none(reason: string): Probe {
  return { devices: [], reason };
}

function askDevices(path: string): Probe {
  const answer = askChild<string[]>("CUDA", path, "devices");
  return "value" in answer ? { devices: answer.value } : none(withRemedy(answer.reason));
}

/** Asks the binary at `path`, in a child process, how many cores are given to the process. */
export const probeThreads = (path: string): Answer<number> => askChild("CPU", path, "threadsAvailable");

function askChild<T>(kind: string, path: string, call: string): Answer<T> {
  const { status, signal, stdout, error } = spawnSync(process.execPath, ["-e", question(call), path], {
    encoding: "utf8",
    timeout: patience,
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (status === 0 && stdout !== "") return JSON.parse(stdout) as Answer<T>;
  const end = error?.message ?? signal ?? `exit code ${status}`;
  return { reason: `the ${kind} binary could not be probed: its process ended with ${end}` };
}

function withRemedy(reason: string): string {
  const library = /(lib\S+\.so\S*): cannot open shared object file/.exec(reason)?.[1];
  if (library === undefined) return reason;
  return (
    `cuda: library ${library}: expected it to load, got no such file; install CUDA and cuDNN 9, or add their ` +
    "folder to LD_LIBRARY_PATH"
  );
}
