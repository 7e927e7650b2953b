import { z } from "zod";
import { artifactStoreOf, joinArtifactPath, proxiedPath, type ArtifactStore } from "./artifact-store.js";
import type { Connection } from "./connection.js";
import { MlflowHttpError } from "./errors.js";
import { folderFiles, fromFolder, listFolder, requireReachable, toFolder } from "./folder-store.js";
import { fileBody, receiveFile } from "./local-files.js";
import { emptyReply } from "./schemas.js";
import { collect } from "./transport.js";
import type { ArtifactFile, CallOptions } from "./types.js";
import { validateArtifactPath } from "./validate.js";

/** A run, a logged model, or an artifact URI itself. */
export type ArtifactOwner = string | { readonly info: { readonly artifactUri: string } };

/** Bytes in memory, or the path of a local file (streamed, of any size). */
export type ArtifactSource = Uint8Array | { readonly file: string };

export interface Artifacts {
  /** Writes one file, replacing what is there. Folders come into being by themselves. */
  put(owner: ArtifactOwner, path: string, source: ArtifactSource, options?: CallOptions): Promise<void>;
  putText(owner: ArtifactOwner, path: string, text: string, options?: CallOptions): Promise<void>;
  /** Uploads every file below a local folder to `path` (the root by default) and gives their artifact paths. */
  putFolder(owner: ArtifactOwner, folder: string, path?: string, options?: CallOptions): Promise<string[]>;
  get(owner: ArtifactOwner, path: string, options?: CallOptions): Promise<Buffer>;
  /** Streams a file to a local path; the target appears only when it is complete. */
  download(owner: ArtifactOwner, path: string, target: string, options?: CallOptions): Promise<void>;
  /** What lies in one folder of the store, not below it; empty if the folder does not exist. */
  list(owner: ArtifactOwner, path?: string, options?: CallOptions): Promise<ArtifactFile[]>;
}

const listing = z.looseObject({
  files: z
    .array(
      z.looseObject({
        path: z.string(),
        isDir: z.boolean().default(false),
        fileSize: z.coerce.number().optional(),
      }),
    )
    .default([]),
});

/** The artifact calls of a connection. */
export function artifactCalls(connection: Connection): Artifacts {
  const storeOf = (owner: ArtifactOwner): ArtifactStore => {
    const store = artifactStoreOf(typeof owner === "string" ? owner : owner.info.artifactUri);
    if (store.kind === "folder") requireReachable(store.root, connection.settings.uri);
    return store;
  };

  const calls: Artifacts = {
    async put(owner, path, source, options) {
      validateArtifactPath(path);
      const store = storeOf(owner);
      if (store.kind === "folder") return toFolder(store.root, path, source);
      const body = source instanceof Uint8Array ? source : await fileBody(source.file);
      await connection.call(
        { method: "PUT", path: proxiedPath(store.root, path), body },
        emptyReply,
        options,
      );
    },
    putText: (owner, path, text, options) => calls.put(owner, path, Buffer.from(text), options),
    async putFolder(owner, folder, path = "", options) {
      const files = await folderFiles(folder);
      const targets = files.map((file) => joinArtifactPath(path, file));
      for (const [index, file] of files.entries()) {
        await calls.put(owner, targets[index] ?? file, { file: `${folder}/${file}` }, options);
      }
      return targets;
    },
    async get(owner, path, options) {
      const store = storeOf(owner);
      if (store.kind === "folder") return fromFolder(store.root, path);
      return connection.exchange({ method: "GET", path: proxiedPath(store.root, path) }, collect, options);
    },
    async download(owner, path, target, options) {
      const store = storeOf(owner);
      if (store.kind === "folder") return toFolder("", target, await fromFolder(store.root, path));
      const request = { method: "GET", path: proxiedPath(store.root, path) } as const;
      await connection.exchange(request, (reply) => receiveFile(reply, target), options);
    },
    async list(owner, path = "", options) {
      if (path !== "") validateArtifactPath(path);
      const store = storeOf(owner);
      if (store.kind === "folder") return listFolder(store.root, path);
      return listProxied(connection, store.root, path, options);
    },
  };
  return calls;
}

async function listProxied(
  connection: Connection,
  root: string,
  path: string,
  options?: CallOptions,
): Promise<ArtifactFile[]> {
  const request = {
    method: "GET",
    path: proxiedPath("", ""),
    query: { path: joinRoot(root, path) },
  } as const;
  try {
    const { files } = await connection.call(request, listing, options);
    return files.map((file) => ({
      path: joinRoot(path, file.path),
      isDirectory: file.isDir,
      size: file.isDir ? undefined : file.fileSize,
    }));
  } catch (error) {
    if (error instanceof MlflowHttpError && error.status === 404 && error.errorCode !== undefined) return [];
    throw error;
  }
}

function joinRoot(root: string, path: string): string {
  return [root, path].filter((part) => part !== "").join("/");
}
