import type { FileHandle } from "node:fs/promises";

const CHUNK = 1 << 20;
const NEWLINE = 0x0a;

/**
 * Reads a file front to back through one buffer that never grows beyond a chunk or one record. What it returns is
 * valid until the next call.
 */
export class ByteReader {
  readonly #file: FileHandle;
  #buffer = Buffer.allocUnsafe(CHUNK);
  #position = 0;
  #end = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  #makeRoom(count: number): void {
    const target = count <= this.#buffer.length ? this.#buffer : Buffer.allocUnsafe(count);
    this.#buffer.copy(target, 0, this.#position, this.#end);
    this.#buffer = target;
    this.#end -= this.#position;
    this.#position = 0;
  }

  /** Makes at least `count` bytes available where the file has them. */
  async #fill(count: number): Promise<boolean> {
    if (this.#end - this.#position >= count) return true;
    this.#makeRoom(count);
    while (this.#end < count) {
      const { bytesRead } = await this.#file.read(this.#buffer, this.#end, this.#buffer.length - this.#end);
      if (bytesRead === 0) return false;
      this.#end += bytesRead;
    }
    return true;
  }

  /** The bytes up to `delimiter`, which is consumed; undefined where none comes within `longest` bytes. */
  async until(delimiter: number, longest: number): Promise<Buffer | undefined> {
    for (let wanted = Math.min(longest, 64); ; wanted = Math.min(longest, wanted * 4)) {
      const more = await this.#fill(wanted);
      const available = this.#buffer.subarray(
        this.#position,
        Math.min(this.#end, this.#position + longest + 1),
      );
      const found = available.indexOf(delimiter);
      if (found >= 0) {
        this.#position += found + 1;
        return available.subarray(0, found);
      }
      if (!more || wanted === longest) return undefined;
    }
  }

  /** The next line; the last one may lack its newline. */
  async line(longest: number): Promise<string | undefined> {
    const line = await this.until(NEWLINE, longest);
    if (line) return line.toString("utf8");
    if (await this.#fill(longest)) return undefined;
    const rest = this.#buffer.subarray(this.#position, this.#end);
    this.#position = this.#end;
    return rest.length > 0 ? rest.toString("utf8") : undefined;
  }

  async take(count: number): Promise<Buffer | undefined> {
    if (!(await this.#fill(count))) return undefined;
    const bytes = this.#buffer.subarray(this.#position, this.#position + count);
    this.#position += count;
    return bytes;
  }

  async skipOne(byte: number): Promise<void> {
    if ((await this.#fill(1)) && this.#buffer[this.#position] === byte) this.#position++;
  }
}
