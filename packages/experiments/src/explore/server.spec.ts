import { readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { explorerBench, type ExplorerBench } from "../testing/explorer.js";
import { DRAWING, pngOfSide } from "../testing/no-photos.js";
import type { Answers } from "./answers.js";
import { serveExplorer } from "./server.js";

let bench: ExplorerBench;

beforeAll(async () => void (bench = await explorerBench()), 240_000);
afterAll(() => bench.close());

/** A request as it stands, without what fetch puts right. */
function raw(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(bench.address);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers }, (reply) => {
      let body = "";
      reply.on("data", (part) => void (body += String(part)));
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    asked.on("error", reject).end();
  });
}

const answersTo = async (path: string, init: RequestInit = {}): Promise<Answers> =>
  (await (await fetch(new URL(path, bench.address), init)).json()) as Answers;

const rowOf = (photo: string): number => bench.searchers[0]?.index.names.indexOf(photo) ?? -1;

describe("the page", () => {
  it("names no other host and forbids loading from one", async () => {
    for (const path of ["/", "/style.css", "/page.js"]) {
      const reply = await fetch(new URL(path, bench.address));
      expect(reply.status).toBe(200);
      expect(reply.headers.get("content-security-policy")).toContain("default-src 'self'");
      expect(await reply.text()).not.toMatch(/https?:|\/\/[a-z]+\./);
    }
  });

  it("answers a sentence with every index, scores falling", async () => {
    const { results } = await answersTo(`/api/search?q=${encodeURIComponent("a red circle")}`);
    expect(results).toHaveLength(2);
    for (const { hits = [], about } of results) {
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores).toHaveLength(24);
      expect(about).toBe("40 photos, exact search.");
    }
  });

  it("finds photos like one of them in both indexes, and like one that is sent", async () => {
    const row = rowOf("blue-cross.png");
    const body = readFileSync(join(bench.tiny.photos, "blue-cross.png"));
    for (const answers of [
      await answersTo(`/api/like?index=0&row=${row}`),
      await answersTo(`/api/like?index=1&row=${row}`),
      await answersTo("/api/photo", { method: "POST", body }),
    ])
      for (const { hits } of answers.results) expect(hits?.[0]?.photo).toBe("blue-cross.png");
  });

  it("shows a photo small, as JPEG", async () => {
    const reply = await fetch(new URL("/photo/0/3", bench.address));
    expect(reply.headers.get("content-type")).toBe("image/jpeg");
    expect(await sharp(await reply.arrayBuffer()).metadata()).toMatchObject({ width: 32, height: 32 });
  });
});

describe("bad requests", () => {
  it.each([
    "/../package.json",
    "/photo/0/../../corpus/captions.csv",
    "/photo/0/%2e%2e%2fcaptions.csv",
    "/etc/passwd",
  ])("cannot leave the photo folder: %s", async (path) => {
    const { status, body } = await raw(path);
    expect(status).toBe(404);
    expect(body).toMatch(/"error":"there is (nothing at|no photo)/);
  });

  it.each(["/photo/0/40", "/photo/2/0", "/photo/0/-1", "/photo/0/1e3", "/api/like?index=0", "/nothing"])(
    "are answered with 404: %s",
    async (path) => expect((await raw(path)).status).toBe(404),
  );

  it("from a page of another name are refused", async () => {
    expect((await raw("/", { host: "elsewhere.example" })).status).toBe(403);
  });

  it("of another method, or with a photo that is too large or none, get a message", async () => {
    expect((await fetch(bench.address, { method: "DELETE" })).status).toBe(405);
    const large = await fetch(new URL("/api/photo", bench.address), {
      method: "POST",
      body: Buffer.alloc(33 * 2 ** 20),
    });
    expect(large.status).toBe(413);
    const { results } = await answersTo("/api/photo", { method: "POST", body: "no photo" });
    expect(results.map(({ error }) => error)).toEqual([
      expect.stringContaining("the picture cannot be read"),
      expect.stringContaining("the picture cannot be read"),
    ]);
  });

  it("with unknown words, or none, say so beside each index", async () => {
    const { results } = await answersTo("/api/search?q=xyzzy");
    expect(results[0]?.error).toMatch(/'xyzzy': the model knows none of these words/);
    expect((await answersTo("/api/search")).results[1]?.error).toMatch(/the sentence is empty/);
  });

  it("for a photo that is gone, or became a way out of the folder, get a message", async () => {
    const file = join(bench.tiny.photos, "black-bar.png");
    const path = `/photo/0/${rowOf("black-bar.png")}`;
    renameSync(file, `${file}.kept`);
    expect((await raw(path)).body).toMatch(/no such photo any more/);
    symlinkSync(bench.tiny.checkpoint, file);
    expect((await raw(path)).body).toMatch(/lies outside the photo folder/);
    unlinkSync(file);
    renameSync(`${file}.kept`, file);
    expect((await raw(path)).status).toBe(200);
  });

  it.each([
    ["a drawing", DRAWING, /it is of the kind 'svg'/],
    ["a picture of more pixels than a camera takes", pngOfSide(13_000), /pixel limit/],
    ["no picture", Buffer.from("no picture"), /unsupported image format/],
  ])("for a photo that became %s get a message, and nothing of it is rendered", async (_, bytes, message) => {
    const file = join(bench.tiny.photos, "teal-bar.png");
    const kept = readFileSync(file);
    onTestFinished(() => writeFileSync(file, kept));
    writeFileSync(file, bytes);
    const { status, body } = await raw(`/photo/0/${rowOf("teal-bar.png")}`);
    expect(status).toBe(404);
    expect(body).toMatch(/teal-bar\.png cannot be read/);
    expect(body).toMatch(message);
  });

  it("leave the page up", async () => {
    expect((await raw("http://[")).status).toBe(400);
    expect((await raw("/")).status).toBe(200);
  });
});

describe("a port that is in use", () => {
  it("is named, and what uses it goes on", async () => {
    const port = Number(new URL(bench.address).port);
    await expect(serveExplorer(bench.searchers, port)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: `port ${port} is in use; stop what uses it, or name another with --port.`,
    });
    expect((await raw("/")).status).toBe(200);
  });
});
