import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { MlflowClient } from "../client.js";
import type { MlflowClientOptions } from "../settings.js";
import { FakeServer } from "./fake-server.js";

/** A fake server that ends with the test. */
export async function startFake(): Promise<FakeServer> {
  const server = await new FakeServer().start();
  onTestFinished(() => server.stop());
  return server;
}

/** A client of a server that waits next to nothing between attempts and sees no environment. */
export function clientOf(uri: string, options: MlflowClientOptions = {}): MlflowClient {
  const quick = { retries: 3, backoffFactor: 0.002, backoffJitter: 0.001, timeoutMilliseconds: 5000 };
  const client = new MlflowClient({ uri, ...quick, ...options }, { HOME: "/nonexistent" });
  onTestFinished(() => client.dispose());
  return client;
}

/** A directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "mlflow-ts-client-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Resolves when the condition holds. @throws Error after that many seconds */
export async function until(condition: () => boolean, seconds = 20): Promise<void> {
  const deadline = Date.now() + 1000 * seconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
