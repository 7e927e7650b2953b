import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { ExperimentError, codeOf, messageOf } from "../errors.js";
import { photoFile, thumbnailOf } from "../search/photos.js";
import type { Searcher } from "../search/searcher.js";
import { isFree } from "../tracking/port.js";
import { askLike, askPhoto, askSentence, type Answers } from "./answers.js";

const HOST = "127.0.0.1";

/** A request that cannot be answered, with its HTTP status. */
class RequestProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const ASSETS: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
};

const assetFile = (name: string): string => fileURLToPath(new URL(`../../page/${name}`, import.meta.url));

// Nothing comes from another host, and no other site's page may look in.
const HEADERS = {
  "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

const THUMBNAIL = 400;
const LARGEST_BODY = 32 * 2 ** 20;

/**
 * The page of one or more indexes on 127.0.0.1. Photos are asked for by index and row, never by path. Throws
 * PORT_IN_USE.
 */
export async function serveExplorer(searchers: readonly Searcher[], port: number): Promise<Server> {
  const server = createServer((request, response) => void answer(searchers, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, port)));
    server.listen(port, HOST, resolve);
  });
  return server;
}

const listenError = (error: Error, port: number): Error =>
  codeOf(error) === "EADDRINUSE" ? portInUse(port, { cause: error }) : error;

function portInUse(port: number, options?: ErrorOptions): ExperimentError {
  const message = `port ${port} is in use; stop what uses it, or name another with --port.`;
  return new ExperimentError("PORT_IN_USE", message, { port }, options);
}

/** Throws PORT_IN_USE: known before the indexes are opened, which takes a while. */
export async function requirePort(port: number): Promise<void> {
  if (!(await isFree(port))) throw portInUse(port);
}

/** The address that a person opens. */
export function addressOf(server: Server): string {
  const address = server.address();
  return `http://${HOST}:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

async function answer(
  searchers: readonly Searcher[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    checkHost(request);
    await route(searchers, request, response);
  } catch (error) {
    const status = error instanceof RequestProblem ? error.status : statusOf(error);
    send(response, status, "application/json", JSON.stringify({ error: messageOf(error) }));
  }
}

const statusOf = (error: unknown): number => (error instanceof ExperimentError ? 404 : 500);

/** A page of another site may point its own name at this machine; only our own names are answered. */
function checkHost({ headers }: IncomingMessage): void {
  const name = (headers.host ?? "").replace(/:\d+$/, "");
  if (name !== HOST && name !== "localhost")
    throw new RequestProblem(403, `this page is served as ${HOST} only, not as '${name}'`);
}

async function route(
  searchers: readonly Searcher[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = addressAsked(request);
  const asset = ASSETS[pathname];
  if (request.method === "POST" && pathname === "/api/photo")
    return sendAnswers(response, await askPhoto(searchers, await bodyOf(request)));
  if (request.method !== "GET") throw new RequestProblem(405, `${request.method} is not answered here`);
  if (asset !== undefined) return send(response, 200, asset[1], await readFile(assetFile(asset[0])));
  if (pathname === "/api/search")
    return sendAnswers(response, await askSentence(searchers, searchParams.get("q") ?? ""));
  if (pathname === "/api/like") {
    const { searcher, row } = photoAsked(searchers, searchParams.get("index"), searchParams.get("row"));
    return sendAnswers(response, await askLike(searchers, searcher, row));
  }
  const photo = /^\/photo\/([^/]+)\/([^/]+)$/.exec(pathname);
  if (photo === null) throw new RequestProblem(404, `there is nothing at ${pathname}`);
  const { searcher, row } = photoAsked(searchers, photo[1], photo[2]);
  return send(response, 200, "image/jpeg", await thumbnail(searcher, row));
}

function addressAsked({ url = "/" }: IncomingMessage): URL {
  try {
    return new URL(url, `http://${HOST}`);
  } catch {
    throw new RequestProblem(400, "the address cannot be read");
  }
}

function photoAsked(
  searchers: readonly Searcher[],
  index: string | null | undefined,
  row: string | null | undefined,
): { searcher: Searcher; row: number } {
  const [place, number] = [wholeNumber(index), wholeNumber(row)];
  const searcher = searchers[place];
  if (searcher !== undefined && number < searcher.index.names.length) return { searcher, row: number };
  throw new RequestProblem(404, `there is no photo '${row ?? ""}' in index '${index ?? ""}'`);
}

const wholeNumber = (text: string | null | undefined): number =>
  text !== null && text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Infinity;

async function thumbnail({ photos, index }: Searcher, row: number): Promise<Buffer> {
  return thumbnailOf(await photoFile(photos, index.names[row] ?? ""), THUMBNAIL);
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += (part as Buffer).length;
    // The rest is read and let go, so that the answer arrives.
    if (length <= LARGEST_BODY) parts.push(part as Buffer);
  }
  if (length > LARGEST_BODY)
    throw new RequestProblem(
      413,
      `the photo is larger than ${LARGEST_BODY / 2 ** 20} MiB; take a smaller one`,
    );
  return Buffer.concat(parts);
}

const sendAnswers = (response: ServerResponse, answers: Answers): void =>
  send(response, 200, "application/json", JSON.stringify(answers));

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...HEADERS, "content-type": type });
  response.end(body);
}
