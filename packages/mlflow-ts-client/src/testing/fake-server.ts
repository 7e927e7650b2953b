import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { fakeRoutes } from "./fake-routes.js";
import { FakeRefusal, FakeStore } from "./fake-store.js";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface FakeReply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/**
 * What a test does to a request: "drop" breaks the connection before, "lose" after the server did its work; "hang" never
 * answers; a reply replaces the server's own.
 */
export type Fault = FakeReply | "drop" | "lose" | "hang" | undefined;

/** An in-process MLflow server on 127.0.0.1 with faults to order. */
export class FakeServer {
  readonly store = new FakeStore();
  readonly requests: FakeRequest[] = [];
  fault: (request: FakeRequest) => Fault = () => undefined;
  #server: http.Server | undefined;
  #port = 0;

  get uri(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts, or starts again on the same port. */
  async start(): Promise<this> {
    const server = http.createServer((request, reply) => void this.#answer(request, reply));
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Breaks all connections and refuses new ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Fails the next `count` requests whose path ends so. */
  failNext(ending: string, fault: Fault, count = 1): void {
    let left = count;
    this.fault = (request) => {
      if (left === 0 || !request.path.endsWith(ending)) return undefined;
      left -= 1;
      return fault;
    };
  }

  /** Requests whose path ends so. */
  calls(ending: string): FakeRequest[] {
    return this.requests.filter((request) => request.path.endsWith(ending));
  }

  /** JSON bodies of the requests whose path ends so. */
  bodies(ending: string): Record<string, unknown>[] {
    return this.calls(ending).map((request) => JSON.parse(request.text) as Record<string, unknown>);
  }

  async #answer(message: http.IncomingMessage, reply: http.ServerResponse): Promise<void> {
    const bytes: Buffer[] = [];
    try {
      for await (const part of message) bytes.push(part as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(bytes);
    const url = new URL(message.url ?? "/", this.uri);
    const { method = "GET", headers } = message;
    const request = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      text: body.toString("utf8"),
    };
    this.requests.push(request);
    const fault = this.fault(request);
    if (fault === "hang") return;
    if (fault === "drop") return void message.socket.destroy();
    const own = typeof fault === "object" ? fault : this.#handle(request, body);
    if (fault === "lose") return void message.socket.destroy();
    reply.writeHead(own.status, { "Content-Type": own.type ?? "application/json", ...own.headers });
    reply.end(own.body ?? "{}");
  }

  #handle(request: FakeRequest, body: Buffer): FakeReply {
    if (request.path === "/health") return { status: 200, type: "text/plain", body: "OK" };
    if (request.path === "/version") return { status: 200, type: "text/plain", body: "3.17.2" };
    try {
      return this.#route(request, body);
    } catch (error) {
      if (!(error instanceof FakeRefusal)) throw error;
      const reply = { error_code: error.errorCode, message: error.message };
      return { status: error.status, body: JSON.stringify(reply) };
    }
  }

  #route(request: FakeRequest, body: Buffer): FakeReply {
    const artifacts = "/api/2.0/mlflow-artifacts/artifacts";
    if (request.path.startsWith(artifacts))
      return this.#artifact(request, body, request.path.slice(artifacts.length + 1));
    const route = fakeRoutes[`${request.method} ${request.path.replace("/api/2.0/mlflow/", "")}`];
    if (route === undefined) {
      const page = "<!doctype html><html><title>404 Not Found</title><h1>Not Found</h1></html>";
      return { status: 404, type: "text/html", body: page };
    }
    const json = request.text === "" ? {} : (JSON.parse(request.text) as Record<string, unknown>);
    return {
      status: 200,
      body: JSON.stringify(route(this.store, { query: request.query, body: json }) ?? {}),
    };
  }

  #artifact(request: FakeRequest, body: Buffer, encoded: string): FakeReply {
    const { files } = this.store;
    const path = decodeURIComponent(encoded);
    if (request.method === "PUT") {
      files.set(path, body);
      return { status: 200 };
    }
    const prefix = request.query.get("path");
    if (prefix !== null) return { status: 200, body: JSON.stringify(listFiles(files, `${prefix}/`)) };
    const file = files.get(path);
    if (file === undefined) throw new FakeRefusal(404, "RESOURCE_DOES_NOT_EXIST", `no artifact ${path}`);
    return { status: 200, type: "application/octet-stream", body: file.toString("latin1") };
  }
}

function listFiles(files: ReadonlyMap<string, Buffer>, prefix: string): unknown {
  const below = [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, bytes]) => ({
      names: path.slice(prefix.length).split("/"),
      size: bytes.length,
    }));
  const folders = new Set(below.filter(({ names }) => names.length > 1).map(({ names }) => names[0]));
  const leaves = below.filter(({ names }) => names.length === 1);
  return {
    files: [
      ...[...folders].map((path) => ({ path, is_dir: true })),
      ...leaves.map(({ names, size }) => ({ path: names[0], is_dir: false, file_size: size })),
    ],
  };
}
