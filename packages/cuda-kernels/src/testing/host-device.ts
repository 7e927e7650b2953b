import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The CUDA backend on a device that is played on the host: native/test/host_device. */
export const hostDevice = fileURLToPath(
  new URL("../../build-host-device/Release/dualpath.node", import.meta.url),
);

/** Numbers of the CUDA run time that a test changes, and calls with the status that they shall end with. */
export type Circumstances = Readonly<Record<string, number>>;

/** Does some work while the host device is as a test wants it. */
export async function under<Result>(
  circumstances: Circumstances,
  work: () => Result,
): Promise<Awaited<Result>> {
  const settings = Object.entries(circumstances).map(([name, value]) => `${name}=${value}`);
  process.env["DUALPATH_HOST_DEVICE"] = settings.join(",");
  try {
    return await work();
  } finally {
    delete process.env["DUALPATH_HOST_DEVICE"];
  }
}

/** What the host device was asked to do meanwhile, in order. */
export async function journalOf(work: () => Promise<unknown>): Promise<string[]> {
  const path = join(tmpdir(), `dualpath-journal-${process.pid}`);
  process.env["DUALPATH_HOST_DEVICE_JOURNAL"] = path;
  try {
    await work();
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  } finally {
    delete process.env["DUALPATH_HOST_DEVICE_JOURNAL"];
    rmSync(path, { force: true });
  }
}
