import { createServer } from "node:net";
import { once } from "node:events";
import { ExperimentError, codeOf } from "../errors.js";

export const LOOPBACK = "127.0.0.1";

/** Whether nothing listens on a local port. */
export async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, LOOPBACK);
    await once(probe, "listening");
    return true;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") return false;
    throw error;
  } finally {
    probe.close();
  }
}

const DEFAULT_PORT = 5000;
const PORTS_TRIED = 100;

/** The port asked for, or the first free one from 5000 on. Throws PORT_IN_USE when the one asked for is taken. */
export async function choosePort(asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if (await isFree(asked)) return asked;
    const message = `port ${asked} on ${LOOPBACK} is in use. Stop what listens there or name another port.`;
    throw new ExperimentError("PORT_IN_USE", message, { port: asked });
  }
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + PORTS_TRIED; port++)
    if (await isFree(port)) return port;
  const message = `no port from ${DEFAULT_PORT} to ${DEFAULT_PORT + PORTS_TRIED - 1} is free on ${LOOPBACK}.`;
  throw new ExperimentError("PORT_IN_USE", message, { port: DEFAULT_PORT });
}
