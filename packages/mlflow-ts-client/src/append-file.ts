import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { JournalError } from "./errors.js";

const newline = 0x0a;

/**
 * A file of lines that is only appended to. A line is in the operating system's hands when `append` returns (a killed
 * process loses nothing), and on the disk soon after: one fdatasync runs at a time and covers all lines before it. A last
 * line that a crash left without its newline gets it on opening, so what follows stands apart.
 */
export class AppendFile {
  readonly path: string;
  #file: number | undefined;
  #torn = false;
  #written = 0;
  #synced = 0;
  #syncing: Promise<void> | undefined;
  #syncFailure: Error | undefined;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "a+");
    if (endsWithoutNewline(this.#file)) writeSync(this.#file, "\n");
    syncDirectory(dirname(path));
  }

  /** @throws JournalError when the line cannot be written (disk full, file closed). */
  append(line: string): void {
    if (this.#file === undefined)
      throw new JournalError(`journal '${this.path}' is closed`, { path: this.path });
    // A line torn by a full disk stays as it is; the newline in front parts it from ours.
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    this.#torn = true;
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new JournalError(
        `journal '${this.path}' cannot be written: ${reason}`,
        { path: this.path },
        cause,
      );
    }
    this.#torn = false;
    this.#written += 1;
    this.#syncing ??= this.#syncAll(this.#file);
  }

  /** Resolves when every appended line is on the disk. @throws JournalError when the disk refuses. */
  async flush(): Promise<void> {
    await this.#syncing;
    if (this.#syncFailure === undefined) return;
    const { message } = this.#syncFailure;
    throw new JournalError(
      `journal '${this.path}' cannot be written: ${message}`,
      { path: this.path },
      this.#syncFailure,
    );
  }

  /** Flushes and closes. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
    }
  }

  async #syncAll(file: number): Promise<void> {
    while (this.#synced < this.#written) {
      const written = this.#written;
      this.#syncFailure = await dataSync(file);
      this.#synced = written;
    }
    this.#syncing = undefined;
  }
}

function dataSync(file: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    fdatasync(file, (error) => resolve(error ?? undefined));
  });
}

function endsWithoutNewline(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== newline;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
