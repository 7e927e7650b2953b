import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

/** Of processor time, which a busy machine stretches less than the clock; measured: 80 to 130 on a quiet one. */
const IMPORT_MILLISECONDS = 200;
const ATTEMPTS = 8;

const face = JSON.stringify(new URL("../dist/index.js", import.meta.url).href);
const run = promisify(execFile);

const probe = `
  import { readFileSync } from "node:fs";
  import { stat } from "node:fs/promises";
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"];
  const look = () => ({
    handlers: [...signals, "exit", "beforeExit", "uncaughtException", "unhandledRejection", "warning"]
      .map((name) => process.listenerCount(name)),
    threads: /Threads:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1],
    resources: process.getActiveResourcesInfo().length,
    addon: /\\.node$/m.test(readFileSync("/proc/self/maps", "utf8")),
    environment: JSON.stringify(process.env),
  });
  await stat("."); // Node starts its own pool at the first use
  await new Promise((resolve) => setImmediate(resolve));
  const before = look();
  const started = process.cpuUsage();
  const core = await import(${face});
  const { user, system } = process.cpuUsage(started);
  await new Promise((resolve) => setImmediate(resolve));
  console.log(JSON.stringify({
    before, after: look(), milliseconds: (user + system) / 1000, trainer: typeof core.Trainer,
  }));
`;

interface Look {
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
  readonly milliseconds: number;
  readonly trainer: string;
}

async function importInChild(): Promise<Look> {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", probe], { cwd });
  return JSON.parse(stdout) as Look;
}

describe("the built package", () => {
  it("does nothing when it is imported, and lets the process end", async () => {
    const { before, after, trainer } = await importInChild();
    expect(trainer).toBe("function");
    expect(after).toEqual(before);
    expect(after["addon"]).toBe(false);
  });

  it("is imported in less than a fifth of a second", async () => {
    let best = Infinity;
    for (let attempt = 0; attempt < ATTEMPTS && best >= IMPORT_MILLISECONDS; attempt++)
      best = Math.min(best, (await importInChild()).milliseconds);
    expect(best).toBeLessThan(IMPORT_MILLISECONDS);
  });
});
