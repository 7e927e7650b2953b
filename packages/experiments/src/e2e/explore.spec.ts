import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { browserPath, openBrowser } from "../testing/browser.js";
import { explorerBench, type ExplorerBench } from "../testing/explorer.js";

if (browserPath === undefined)
  process.stderr.write(
    "No Chromium here: the page is not tested. Install it, or name it in DUALPATH_CHROMIUM.\n",
  );

describe.runIf(browserPath !== undefined)("the page in Chromium", () => {
  let bench: ExplorerBench;
  let browser: Browser;
  let page: Page;
  let foreign: string[];
  let problems: string[];

  beforeAll(async () => {
    browser = await openBrowser(browserPath!);
    bench = await explorerBench();
  });
  afterAll(async () => {
    await browser.close();
    await bench.close();
  });

  beforeEach(async () => {
    foreign = [];
    problems = [];
    page = await browser.newPage();
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(bench.address) && !/^(data|blob):/.test(url)) foreign.push(url);
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(bench.address);
  });
  afterEach(async () => {
    await page.close();
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
  });

  const focused = (): Promise<string | null> =>
    page.evaluate("document.activeElement.getAttribute('title')") as Promise<string | null>;

  const firstHit = (): Promise<string | null> => page.locator(".hit").first().getAttribute("title");

  it("shows the results of both checkpoints side by side, photos loaded", async () => {
    await page.fill("#sentence", "a red circle");
    await page.click("button[type=submit]");
    await page.waitForSelector("section:nth-of-type(2) .hit");
    expect(await page.locator("section").count()).toBe(2);
    expect(await page.locator(".hit").count()).toBe(48);
    const width = () => page.evaluate("document.querySelector('.hit img').naturalWidth");
    await expect.poll(width).toBeGreaterThan(0);
    const [left, right] = await Promise.all(
      [0, 1].map((at) => page.locator("section").nth(at).boundingBox()),
    );
    expect(left?.y).toBe(right?.y);
    expect(await page.locator("#status").textContent()).toMatch(/^\d+ ms$/);
  });

  it("is usable by keyboard alone: ask, walk the results, open one, go back", async () => {
    await page.keyboard.type("the square is teal");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".hit");
    await page.keyboard.press("ArrowDown");
    const first = await focused();
    await page.keyboard.press("ArrowRight");
    const second = await focused();
    expect(first).toMatch(/\.png$/);
    expect(second).not.toBe(first);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#query:not([hidden])");
    await expect.poll(firstHit).toBe(second);
    await page.goBack();
    await page.waitForSelector("#query", { state: "hidden" });
    await expect.poll(firstHit).toBe(first);
    await page.locator(".hit").first().focus();
    await page.keyboard.press("/");
    expect(await page.evaluate("document.activeElement.id")).toBe("sentence");
  });

  it("takes a photo from the disk", async () => {
    await page.setInputFiles("#file", join(bench.tiny.photos, "green-bar.png"));
    await expect.poll(firstHit).toBe("green-bar.png");
    expect(await page.locator("#query").textContent()).toBe("Like green-bar.png");
  });

  it("says what is wrong and stays up", async () => {
    await page.fill("#sentence", "<img src=x onerror=alert(1)>");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#status.failed");
    expect(await page.locator("#status").textContent()).toMatch(/knows none of these words/);
    await page.setInputFiles("#file", {
      name: "bad.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.from("no photo"),
    });
    await page.locator("#status", { hasText: /cannot be read/ }).waitFor();
    await page.fill("#sentence", "a red circle");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".hit");
    expect(await page.locator("#status.failed").count()).toBe(0);
  });
});
