import { createServer } from "node:net";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isFree, LOOPBACK, reservePort } from "./port.js";

async function occupied(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("reserving a port", () => {
  it("refuses one that was asked for and is in use, with the port in the message, and leaves no lock", async () => {
    const port = await occupied();
    await expect(reservePort(port)).rejects.toMatchObject({ code: "PORT_IN_USE", exitCode: 1 });
    await expect(reservePort(port)).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
    expect(existsSync(join(tmpdir(), `dualpath-port-${port}.lock`))).toBe(false);
    expect(await isFree(port)).toBe(false);
  });

  it("finds a free one by itself, and gives it to nobody else until it is released", async () => {
    const first = await reservePort(undefined);
    const second = await reservePort(undefined);
    expect(await isFree(first.port)).toBe(true);
    expect(second.port).toBeGreaterThan(first.port);
    await expect(reservePort(first.port)).rejects.toMatchObject({ code: "PORT_IN_USE" });
    first.release();
    second.release();
    const again = await reservePort(first.port);
    expect(again.port).toBe(first.port);
    again.release();
  });
});
