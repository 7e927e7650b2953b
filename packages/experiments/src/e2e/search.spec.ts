import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandBench, type CommandBench } from "../testing/command.js";
import { LOOPBACK } from "../tracking/port.js";

let bench: CommandBench;
let photos: string;
let index: string;

/** Trains the tiny experiment as a run of this name; returns its only trial's directory. */
async function train(name: string, epochs: number): Promise<string> {
  const config = bench.writeConfig(name, "tracking: { kind: none }\n", epochs);
  const { exitCode, output } = await bench.run("train", "--config", config);
  expect(exitCode, output).toBe(0);
  const run = join(bench.runs, name);
  const [trial] = readdirSync(run, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return join(run, trial!.name);
}

/** A server on a port of its own; while it listens the port is in use. */
async function occupied(): Promise<{ readonly server: Server; readonly port: string }> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { server, port: String(port) };
}

/** The lines of a table of results: place, score, photo. */
const rowsOf = (output: string): string[] =>
  (output.match(/^ *\d+ +-?\d\.\d{3} .*$/gm) ?? []).map((row) => row.trim());

beforeAll(async () => {
  bench = await commandBench();
  photos = join(bench.folder, "photos");
  index = join(bench.folder, "photos.index");
  cpSync(join(bench.corpus, "images"), photos, { recursive: true });
  writeFileSync(join(photos, "text.jpg"), "no photo");
});

afterAll(() => bench.remove());

describe("the commands that search photos", () => {
  it("embed a folder, saying what was skipped, and leave a complete index alone", async () => {
    const checkpoint = await train("shapes", 12);
    const parameters = ["embed", "--checkpoint", checkpoint, "--photos", photos, "--index", index] as const;
    const { exitCode, output } = await bench.run(...parameters, "--approximate");
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/^skipped text\.jpg: .*unsupported image format/m);
    expect(output).toMatch(/^41 of 41 photos, [\d.]+ a second$/m);
    expect(output).toContain("1 photos cannot be read and were skipped.\n40 photos are in ");
    expect(output).toMatch(/^The approximate index finds [\d.]+ % of the 10 nearest/m);
    const written = readFileSync(index);
    expect((await bench.run(...parameters)).output).toContain("is complete already (40 photos of ");
    expect(readFileSync(index).equals(written)).toBe(true);
  });

  it("find photos by a sentence, naming the words that they do not know", async () => {
    const { exitCode, output } = await bench.run("search", "--index", index, "a red circle, plugh");
    expect(exitCode, output).toBe(0);
    expect(output).toContain("The model does not know: plugh.");
    expect(rowsOf(output)).toHaveLength(10);
    expect(rowsOf(output).slice(0, 3).join()).toMatch(/red-|-circle/);
    expect(output).toContain(`Photos: ${photos}`);
  });

  it("find photos by a photo, exactly or by the approximate index, as a table or as JSON", async () => {
    const query = ["search", "--index", index, "--photo", join(photos, "teal-square.png"), "--top", "3"];
    const { output } = await bench.run(...query, "--approximate");
    expect(output).toMatch(/^Approximate search: it finds [\d.]+ % of what exact search finds\.$/m);
    expect(rowsOf(output)[0]).toMatch(/^1 +1\.000 +teal-square\.png$/);
    const hits = JSON.parse((await bench.run(...query, "--json")).output) as { photo: string }[];
    expect(rowsOf(output).map((row) => row.split(/ +/)[2])).toEqual(hits.map(({ photo }) => photo));
  });

  it("serve the page until they are told to stop", async () => {
    const { server, port } = await occupied();
    await once(server.close(), "close");
    const running = bench.start("explore", "--index", index, "--index", index, "--port", port);
    const address = () => /Explore: (\S+)/.exec(running.output())?.[1];
    while (address() === undefined && running.child.exitCode === null) await sleep(50);
    const { results } = (await (await fetch(`${address()}api/search?q=a+red+circle`)).json()) as {
      results: unknown[];
    };
    expect(results).toHaveLength(2);
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ exitCode: 130 });
  });
});

describe("what they cannot do", () => {
  it("is said in one paragraph that names place and remedy", async () => {
    const other = await train("other", 1);
    const cut = join(bench.folder, "cut.index");
    const empty = join(bench.folder, "empty");
    mkdirSync(empty);
    writeFileSync(cut, readFileSync(index).subarray(0, 1000));
    const { server, port } = await occupied();
    const cases: readonly (readonly [RegExp, ...string[]])[] = [
      [/was made with another checkpoint/, "search", "--index", index, "--checkpoint", other, "a bar"],
      [/cut\.index is no usable index: .*experiments:embed/, "search", "--index", cut, "a bar"],
      [/'xyzzy': the model knows none of these words/, "search", "--index", index, "xyzzy"],
      [/give either a sentence in quotes or --photo/, "search", "--index", index],
      [/gone\.jpg: there is no such photo/, "search", "--index", index, "--photo", "gone.jpg"],
      [/empty holds no photos/, "embed", "--checkpoint", other, "--photos", empty, "--index", `${index}.2`],
      [
        /there is no such checkpoint/,
        "embed",
        "--checkpoint",
        "gone",
        "--photos",
        photos,
        "--index",
        `${index}.2`,
      ],
      [/port \d+ is in use; .*--port/, "explore", "--index", index, "--port", port],
    ];
    for (const [message, ...parameters] of cases) {
      const { exitCode, output } = await bench.run(...parameters);
      expect(output).toMatch(message);
      expect(output).toMatch(/^\nError: [^\n]*\n$/);
      expect(exitCode, output).toBeGreaterThan(0);
    }
    server.close();
  });
});
