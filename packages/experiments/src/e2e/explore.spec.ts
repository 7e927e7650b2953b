import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, JSHandle, Page } from "playwright-core";
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

  const firstHits = (): Promise<(string | null)[]> =>
    Promise.all(
      [1, 2].map((column) =>
        page.locator(`section:nth-of-type(${column}) .hit`).first().getAttribute("title"),
      ),
    );

  const photoFile = (name: string): string => join(bench.tiny.photos, name);

  /** What a drag from the desktop carries: one photo of the folder, as a file. */
  const dragged = (name: string): Promise<JSHandle> =>
    page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(${JSON.stringify([...readFileSync(photoFile(name))])});
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: "image/png" }));
      return transfer;
    })()`);

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

  it("opens a result of one checkpoint in both", async () => {
    await page.fill("#sentence", "a red circle");
    await page.keyboard.press("Enter");
    const opened = page.locator("section:nth-of-type(2) .hit").nth(5);
    const title = await opened.getAttribute("title");
    await opened.click();
    await expect.poll(firstHits).toEqual([title, title]);
    expect(await page.locator("#query").textContent()).toBe(`Like ${title}`);
    expect(await page.inputValue("#sentence")).toBe("");
    await page.goBack();
    await expect.poll(() => page.inputValue("#sentence")).toBe("a red circle");
  });

  it("takes a photo that is chosen by keyboard", async () => {
    // Asked for early: the browser takes its time to hand choosers over, and one that opens before is lost.
    const chooser = page.waitForEvent("filechooser");
    await page.waitForSelector("#sentence:focus");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.waitForSelector("#choose:focus");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(photoFile("green-bar.png"));
    await expect.poll(firstHits).toEqual(["green-bar.png", "green-bar.png"]);
    expect(await page.locator("#query").textContent()).toBe("Like green-bar.png");
  });

  it("takes a photo that is dropped anywhere, and shows where while it is held above the page", async () => {
    const dataTransfer = await dragged("blue-cross.png");
    await page.dispatchEvent("#results", "dragover", { dataTransfer });
    await page.waitForSelector("#drop:not([hidden])");
    await page.dispatchEvent("#results", "drop", { dataTransfer });
    await page.waitForSelector("#drop", { state: "hidden" });
    await expect.poll(firstHits).toEqual(["blue-cross.png", "blue-cross.png"]);
    const shown = () => page.evaluate("document.querySelector('#query img').naturalWidth");
    await expect.poll(shown).toBe(32);
  });

  it("lets a photo go that is carried away again, and a drop without a photo", async () => {
    const dataTransfer = await page.evaluateHandle("new DataTransfer()");
    await page.dispatchEvent("#results", "dragover", { dataTransfer });
    await page.dispatchEvent("#results", "dragleave", { dataTransfer });
    await page.waitForSelector("#drop", { state: "hidden" });
    await page.dispatchEvent("#results", "drop", { dataTransfer });
    expect(await page.locator(".hit").count()).toBe(0);
    expect(await page.locator("#status").textContent()).toBe("");
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
