import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";

/** What a contestant is asked to load; fields other than `load` are sizes and settings of the workload. */
export interface Request {
  readonly load: string;
  readonly [setting: string]: string | number;
}

interface Reply {
  readonly ownBytes?: number;
  readonly plannedBytes?: number;
  readonly seconds?: readonly number[];
  readonly peakBytes?: number;
}

/** Steps that were run: the seconds of each, and the process's peak resident memory in bytes. */
export interface Measurement {
  readonly seconds: readonly number[];
  readonly peakBytes: number;
}

/**
 * A process that holds one workload and runs steps of it on request: one JSON command a line in, one JSON reply a line
 * out. Dualpath and PyTorch speak the same protocol, so neither shares memory, threads or caches with the other.
 */
export class Contestant {
  readonly #process: ChildProcess;
  readonly #replies: AsyncIterator<string>;
  readonly #name: string;
  /** Of the process before it loaded the workload. */
  ownBytes = 0;
  /** What the workload was predicted to take, where something predicts it. */
  plannedBytes: number | undefined;

  private constructor(program: string, script: string) {
    this.#name = script;
    this.#process = spawn(program, [script], { stdio: ["pipe", "pipe", "inherit"] });
    this.#replies = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  static dualpath(request: Request): Promise<Contestant> {
    return Contestant.#load(process.execPath, join(import.meta.dirname, "serve.js"), request);
  }

  /** `python` is an interpreter with PyTorch. */
  static pytorch(python: string, request: Request): Promise<Contestant> {
    return Contestant.#load(python, join(resolve(import.meta.dirname, "../peers"), "serve.py"), request);
  }

  static async #load(program: string, script: string, request: Request): Promise<Contestant> {
    const contestant = new Contestant(program, script);
    const { ownBytes = 0, plannedBytes } = await contestant.#ask(request);
    return Object.assign(contestant, { ownBytes, plannedBytes });
  }

  async run(steps: number): Promise<Measurement> {
    const { seconds = [], peakBytes = 0 } = await this.#ask({ run: steps });
    return { seconds, peakBytes };
  }

  stop(): void {
    this.#process.stdin!.end();
  }

  async #ask(command: object): Promise<Reply> {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#replies.next();
    if (done) throw new Error(`${this.#name} ended at ${JSON.stringify(command)}; its message stands above`);
    return JSON.parse(value) as Reply;
  }
}
