import { fileURLToPath } from "node:url";
import { MlflowArtifactError } from "./errors.js";
import { validateArtifactPath } from "./validate.js";

/** Where a run's files are: behind the tracking server, or in a folder both machines see. */
export type ArtifactStore =
  { readonly kind: "proxied"; readonly root: string } | { readonly kind: "folder"; readonly root: string };

const proxiedRoute = "/api/2.0/mlflow-artifacts/artifacts";

/**
 * Reads an artifact URI: `mlflow-artifacts:/...` and the http address of a server's artifact route are proxied; an
 * absolute path or `file:` is a folder.
 * @throws MlflowArtifactError for stores that need a cloud client (s3, gs, abfss, ...).
 */
export function artifactStoreOf(artifactUri: string): ArtifactStore {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(artifactUri)?.[1]?.toLowerCase();
  if (scheme === "mlflow-artifacts")
    return { kind: "proxied", root: trim(artifactUri.replace(/^[^:]+:(\/\/[^/]*)?/, "")) };
  if (scheme === "file") return { kind: "folder", root: fileURLToPath(artifactUri) };
  if (scheme === undefined && artifactUri.startsWith("/")) return { kind: "folder", root: artifactUri };
  const route = artifactUri.indexOf(proxiedRoute);
  if ((scheme === "http" || scheme === "https") && route >= 0) {
    return { kind: "proxied", root: trim(artifactUri.slice(route + proxiedRoute.length)) };
  }
  throw refusal(artifactUri);
}

/** The request path of a file in a proxied store, every segment percent-encoded. */
export function proxiedPath(root: string, path: string): string {
  const segments = [...root.split("/"), ...path.split("/")].filter((part) => part !== "");
  return [proxiedRoute, ...segments.map(encodeURIComponent)].join("/");
}

/** Joins parts of an artifact path and checks the result. */
export function joinArtifactPath(...parts: readonly string[]): string {
  const path = parts.filter((part) => part !== "").join("/");
  validateArtifactPath(path);
  return path;
}

function trim(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

function refusal(artifactUri: string): MlflowArtifactError {
  const message =
    artifactUri === ""
      ? "the run has no artifact address"
      : `artifact store '${artifactUri}': only stores behind the tracking server and folders are supported; ` +
        "start the server with --serve-artifacts --artifacts-destination <store> and use a new experiment";
  return new MlflowArtifactError(message, { artifactUri });
}
