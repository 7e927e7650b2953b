import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workspace } from "../workspace/root.js";
import { tinyExperiment, writeTinyCorpus } from "./tiny-corpus.js";

const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** A folder with a tiny corpus, a store and runs of its own, for commands run as processes. */
export interface CommandBench {
  readonly folder: string;
  readonly corpus: string;
  readonly runs: string;
  readonly local: string;
  readonly writeConfig: (name: string, more?: string, epochs?: number) => string;
  readonly start: (...parameters: string[]) => RunningCommand;
  /** Runs a command to its end. */
  readonly run: (...parameters: string[]) => Promise<EndedCommand>;
  readonly remove: () => void;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<EndedCommand>;
}

export interface EndedCommand {
  readonly exitCode: number | null;
  readonly output: string;
}

export async function commandBench(): Promise<CommandBench> {
  const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  const [corpus, runs, local] = ["corpus", "runs", "local"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeTinyCorpus(corpus);
  const environment = {
    ...process.env,
    DUALPATH_HOME: local,
    DUALPATH_RUNS: runs,
    DUALPATH_MLFLOW_ENV: process.env["DUALPATH_MLFLOW_ENV"] ?? join(workspace().local, "mlflow-env"),
    MLFLOW_TRACKING_URI: "",
  };
  const children: ChildProcess[] = [];
  const start = (...parameters: string[]): RunningCommand => {
    const child = spawn(process.execPath, [cli, ...parameters], { env: environment });
    children.push(child);
    let output = "";
    const keep = (chunk: unknown): void => void (output += String(chunk));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const ended = once(child, "close").then(() => ({ exitCode: child.exitCode, output }));
    return { child, output: () => output, ended };
  };
  return {
    folder,
    corpus,
    runs,
    local,
    writeConfig: (name, more, epochs) => {
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, tinyExperiment(corpus, more, epochs).replace("name: tiny\n", `name: ${name}\n`));
      return file;
    },
    start,
    run: (...parameters) => start(...parameters).ended,
    remove: () => {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
