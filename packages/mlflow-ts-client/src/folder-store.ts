import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { MlflowArtifactError } from "./errors.js";
import { local, replaceFile } from "./local-files.js";
import type { ArtifactFile } from "./types.js";

/**
 * Refuses a folder store of a server on another machine, unless the folder of its experiment is there (a shared file
 * system): otherwise files would be written where nobody looks.
 */
export function requireReachable(root: string, serverUri: string): void {
  const host = new URL(serverUri).hostname;
  if (["localhost", "127.0.0.1", "[::1]"].includes(host) || existsSync(dirname(dirname(root)))) return;
  throw new MlflowArtifactError(
    `artifact folder '${root}' is on the server's machine (${host}), not on this one: start the server with ` +
      "--serve-artifacts --artifacts-destination <store> and use a new experiment",
    { root, host },
  );
}

/** Copies bytes or a local file to a path below `root`. */
export async function toFolder(
  root: string,
  path: string,
  source: Uint8Array | { readonly file: string },
): Promise<void> {
  const target = join(root, path);
  if (source instanceof Uint8Array) return replaceFile(target, [source]);
  await local(target, () => mkdir(dirname(target), { recursive: true }));
  await local(source.file, () => copyFile(source.file, target));
}

/** Reads a file below `root`. */
export function fromFolder(root: string, path: string): Promise<Buffer> {
  return local(join(root, path), () => readFile(join(root, path)));
}

/** What lies directly in a folder below `root`; empty if there is no such folder. */
export async function listFolder(root: string, path: string): Promise<ArtifactFile[]> {
  const folder = join(root, path);
  if (!existsSync(folder)) return [];
  const entries = await local(folder, () => readdir(folder, { withFileTypes: true }));
  return Promise.all(
    entries.map(async (entry) => ({
      path: [path, entry.name].filter((part) => part !== "").join("/"),
      isDirectory: entry.isDirectory(),
      size: entry.isDirectory() ? undefined : (await stat(join(folder, entry.name))).size,
    })),
  );
}

/** Paths of all files below a folder, relative to it, with `/`, sorted. */
export async function folderFiles(folder: string): Promise<string[]> {
  const entries = await local(folder, () => readdir(folder, { recursive: true, withFileTypes: true }));
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}
