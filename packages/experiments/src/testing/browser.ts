import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser that DUALPATH_CHROMIUM names, else the machine's; undefined where there is none. */
export const browserPath = process.env["DUALPATH_CHROMIUM"] ?? PLACES.find((file) => existsSync(file));

/** Chromium, headless. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
