import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { choosePort, isFree, LOOPBACK } from "./port.js";

async function occupied(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("choosing a port", () => {
  it("refuses one that was asked for and is in use, with the port in the message", async () => {
    const port = await occupied();
    await expect(choosePort(port)).rejects.toMatchObject({ code: "PORT_IN_USE", exitCode: 1 });
    await expect(choosePort(port)).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
  });

  it("takes one that was asked for and is free, and finds a free one by itself", async () => {
    const port = await occupied();
    expect(await isFree(port)).toBe(false);
    const found = await choosePort(undefined);
    expect(await isFree(found)).toBe(true);
    expect(await choosePort(found)).toBe(found);
  });
});
