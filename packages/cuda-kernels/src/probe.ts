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
const question = `
  const answer = (value) => process.stdout.write(JSON.stringify(value));
  try {
    answer({ devices: require(process.argv[1]).devices() });
  } catch (error) {
    answer({ devices: [], reason: error.message });
  }`;

const probes = new Map<string, Probe>();

/** Asks the CUDA binary at `path`, in a child process and once, which devices it can use. */
export function probeCuda(path: string): Probe {
  const known = probes.get(path);
  if (known) return known;
  const found = existsSync(path) ? askChild(path) : none(`this build has no CUDA binary; ${remedy}`);
  probes.set(path, found);
  return found;
}

function none(reason: string): Probe {
  return { devices: [], reason };
}

function askChild(path: string): Probe {
  const { status, signal, stdout, error } = spawnSync(process.execPath, ["-e", question, path], {
    encoding: "utf8",
    timeout: patience,
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (status === 0 && stdout !== "") return withRemedy(JSON.parse(stdout) as Probe);
  const end = error?.message ?? signal ?? `exit code ${status}`;
  return none(`the CUDA binary could not be probed: its process ended with ${end}`);
}

function withRemedy(probe: Probe): Probe {
  const library = /(lib\S+\.so\S*): cannot open shared object file/.exec(probe.reason ?? "")?.[1];
  if (library === undefined) return probe;
  return none(
    `cuda: library ${library}: expected it to load, got no such file; install CUDA and cuDNN 9, or add their ` +
      "folder to LD_LIBRARY_PATH",
  );
}
