import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The value of DUALPATH_CHROMIUM that leaves the tests in a browser out. */
const NONE = "none";

const named = process.env["DUALPATH_CHROMIUM"];

/** False only where somebody has said that there is no browser; a missing one is a failure. */
export const browserWanted = named !== NONE;

/** Chromium, headless. Throws, with the remedy, when there is none. */
export function openBrowser(): Promise<Browser> {
  const executablePath = [...(named === undefined ? [] : [named]), ...PLACES].find((file) =>
    existsSync(file),
  );
  if (executablePath !== undefined) return chromium.launch({ executablePath, args: ["--no-sandbox"] });
  throw new Error(
    "There is no Chromium to test the page in: install it, name it in DUALPATH_CHROMIUM, " +
      "or set DUALPATH_CHROMIUM=none to leave these tests out.",
  );
}
