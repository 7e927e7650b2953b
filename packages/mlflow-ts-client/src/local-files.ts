import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { MlflowArtifactError } from "./errors.js";
import type { RequestBody } from "./transport.js";

/**
 * A body that streams a file. Its length is taken now: bytes appended during the upload are left out.
 * @throws MlflowArtifactError when the file is missing or is no file.
 */
export async function fileBody(path: string): Promise<RequestBody> {
  const length = await fileSize(path);
  if (length === 0) return new Uint8Array(0);
  return { length, open: () => createReadStream(path, { end: length - 1 }) };
}

/** Streams a reply to a file beside the target and renames it when complete. */
export async function receiveFile(reply: IncomingMessage, target: string): Promise<void> {
  await replaceFile(target, reply);
}

/** Writes parts to a temporary neighbour of `target`, then renames it over the target. */
export async function replaceFile(
  target: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${target}.${process.pid}.part`;
  await local(target, () => mkdir(dirname(target), { recursive: true }));
  const handle = await local(target, () => open(temporary, "w"));
  try {
    for await (const part of parts) await local(target, () => handle.writeFile(part));
    await handle.close();
    await local(target, () => rename(temporary, target));
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

async function fileSize(path: string): Promise<number> {
  const status = await local(path, () => stat(path));
  if (status.isFile()) return status.size;
  throw new MlflowArtifactError(`artifact source '${path}': not a file`, { path });
}

/** Runs a file operation; its failure becomes an MlflowArtifactError naming the path. */
export async function local<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MlflowArtifactError(`file '${path}': ${reason}`, { path }, cause);
  }
}
