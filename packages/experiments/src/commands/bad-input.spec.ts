import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ExperimentError } from "../errors.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { trainTinyOnFeatures } from "../testing/trained.js";
import type { Workspace } from "../workspace/root.js";
import { workspace } from "../workspace/root.js";
import { commandLine, usageError } from "./program.js";

interface Bench {
  readonly folder: string;
  readonly corpus: string;
  readonly config: string;
  readonly place: Workspace;
}

async function bench(change: (text: string) => string = (text) => text): Promise<Bench> {
  const folder = temporaryDirectory();
  const corpus = join(folder, "corpus");
  await writeTinyCorpus(corpus);
  const config = join(folder, "tiny.yaml");
  writeFileSync(config, change(tinyExperiment(corpus)));
  return {
    folder,
    corpus,
    config,
    place: { ...workspace(), local: join(folder, "local"), runs: join(folder, "runs") },
  };
}

async function failure(
  place: Workspace,
  ...parameters: string[]
): Promise<{ code: unknown; message: string; exitCode: number }> {
  const output = new PassThrough() as unknown as NodeJS.WriteStream;
  const { signal } = new AbortController();
  try {
    await commandLine({ workspace: place, output, signal }).parseAsync(parameters, { from: "user" });
  } catch (thrown) {
    const error = usageError(thrown);
    if (!(error instanceof Error)) throw thrown;
    const exitCode = error instanceof ExperimentError ? error.exitCode : 1;
    return { code: "code" in error ? error.code : undefined, message: error.message, exitCode };
  }
  throw new Error("nothing was thrown");
}

const offline = ["--offline"];

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .sort()
    : [];

/** The same command starts anew once the cause is put right: no trial has begun, and no cache is left half written. */
function expectNoTrial({ runs, local }: Workspace): void {
  expect(filesBelow(runs)).toEqual(["config.yaml", "sweep.jsonl"]);
  expect(filesBelow(local)).toEqual([]);
}

describe("bad input", () => {
  beforeAll(() => {
    delete process.env["MLFLOW_TRACKING_URI"];
  });

  it("an unknown config key is named with file, line and the nearest known key", async () => {
    const { config, place } = await bench((text) => text.replace("embedding: 16", "embeding: 16"));
    const { message, exitCode } = await failure(place, "train", "--config", config, ...offline);
    expect(message).toContain(
      `${config}:15:3 model.embeding: unknown key 'embeding'; did you mean 'embedding'?`,
    );
    expect(exitCode).toBe(2);
  });

  it("a value of the wrong type is named with the value found and what was expected", async () => {
    const { config, place } = await bench((text) => text.replace("learningRate: 0.05", "learningRate: fast"));
    const { message, exitCode } = await failure(place, "explain", "--config", config);
    expect(message).toContain('curriculum.0.learningRate: expected a value of type number, found "fast"');
    expect(exitCode).toBe(2);
  });

  it("a bad point of a sweep is refused before any trial starts", async () => {
    const sweep = "sweep:\n  space: { curriculum.1.learningRate: [0.1, -1] }\n";
    const { config, place } = await bench((text) => text + sweep);
    const { message, exitCode } = await failure(place, "sweep", "--config", config, ...offline);
    expect(message).toMatch(
      /curriculum\.1\.learningRate: expected number to be >0, found -1 \(at learningRate -1\)/,
    );
    expect(exitCode).toBe(2);
    expect(existsSync(place.runs)).toBe(false);
  });

  it("a config that does not exist is answered with the known ones", async () => {
    const { place } = await bench();
    const { message, exitCode } = await failure(place, "train", "--config", "emojy");
    expect(message).toMatch(/there is no config 'emojy'.*emoji.*Did you mean 'emoji'\?/);
    expect(exitCode).toBe(2);
  });

  it("a sweep command on a config without a sweep says what to do", async () => {
    const { config, place } = await bench();
    const { message, exitCode } = await failure(place, "sweep", "--config", config, ...offline);
    expect(message).toContain("has no 'sweep' section");
    expect(exitCode).toBe(2);
  });

  it("a missing image is named with the remedy, and nothing is lost or half made", async () => {
    const { config, place, corpus } = await bench();
    const image = join(corpus, "images", "red-bar.png");
    rmSync(image);
    const { code, message, exitCode } = await failure(place, "train", "--config", config, ...offline);
    expect(message).toContain(
      `${image}: no such image, though captions name red-bar.png; restore the file or delete its captions`,
    );
    expect([code, exitCode]).toEqual(["IMAGE_MISSING", 1]);
    expectNoTrial(place);
  });

  it("an undecodable image is named with the remedy, and nothing is lost or half made", async () => {
    const { config, place, corpus } = await bench();
    const image = join(corpus, "images", "red-bar.png");
    writeFileSync(image, "no picture");
    const { code, message, exitCode } = await failure(place, "train", "--config", config, ...offline);
    expect(message).toMatch(/red-bar\.png: cannot be decoded \(.*unsupported image format\)/);
    expect(message).toContain("replace the file or take it out of the caption file");
    expect([code, exitCode]).toEqual(["IMAGE_UNDECODABLE", 1]);
    expect(readFileSync(image, "utf8")).toBe("no picture");
    expectNoTrial(place);
  });

  it("an empty caption is named with its line and the remedy, and nothing is lost or half made", async () => {
    const { config, place, corpus } = await bench();
    const file = join(corpus, "captions.csv");
    const changed = readFileSync(file, "utf8").replace("a red square", "");
    writeFileSync(file, changed);
    const line = changed.split("\n").indexOf("red-square.png,") + 1;
    expect(line).toBeGreaterThan(1);
    const { code, message, exitCode } = await failure(place, "train", "--config", config, ...offline);
    expect(message).toContain(
      `${file}, line ${line}: red-square.png: the caption is empty; write one or delete the entry`,
    );
    expect([code, exitCode]).toEqual(["CAPTION_EMPTY", 1]);
    expect(readFileSync(file, "utf8")).toBe(changed);
    expectNoTrial(place);
  });

  it("a port in use is named before anything is opened, and what listens there goes on", async () => {
    const { folder, place } = await bench();
    const other = createServer((socket) => socket.end("still here")).listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const index = join(folder, "gone.index");
    const refused = await failure(place, "explore", "--index", index, "--port", String(port));
    expect(refused).toEqual({
      code: "PORT_IN_USE",
      message: `port ${port} is in use; stop what uses it, or name another with --port.`,
      exitCode: 1,
    });
    expect(String((await once(connect(port, "127.0.0.1"), "data"))[0])).toBe("still here");
  });

  it("a model that does not fit the data is refused before training", async () => {
    const { config, place } = await bench((text) =>
      text.replace("width: 0.125, length: 8", "width: 0.125, length: 9"),
    );
    const { message, code } = await failure(place, "train", "--config", config, ...offline);
    expect(message).toContain("text length: expected model.text.length = 9, got 8");
    expect(code).toBe("CONFIG_INVALID");
  });

  it("a split and a gallery that the corpus does not have are answered with the known ones", async () => {
    const { config, place } = await bench((text) => `${text}report: { splits: [tset] }\n`);
    const split = await failure(place, "train", "--config", config, ...offline);
    expect(split.message).toContain("report.splits: the corpus has no split 'tset'; did you mean 'test'?");
    writeFileSync(config, readFileSync(config, "utf8").replace("[tset]", "[test], gallery: apple"));
    const gallery = await failure(place, "train", "--config", config, ...offline);
    expect(gallery.message).toContain("split 'test' has no gallery 'apple' (it has none)");
  });

  it("an unreachable tracking server is an error before work starts, unless --offline", async () => {
    const { config, place } = await bench((text) => `${text}tracking: { uri: "http://127.0.0.1:9" }\n`);
    const { message, exitCode, code } = await failure(place, "train", "--config", config);
    expect(message).toMatch(
      /MLflow server at http:\/\/127\.0\.0\.1:9 \(from the config's tracking\.uri\) does not answer.*--offline/,
    );
    expect([code, exitCode]).toEqual(["TRACKING_UNREACHABLE", 1]);
    process.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9";
    const synced = await failure(place, "sync", place.local);
    delete process.env["MLFLOW_TRACKING_URI"];
    expect(synced.message).toContain("there is no such folder");
  });

  it("a checkpoint that is none is named", async () => {
    const { place, folder } = await bench();
    const missing = await failure(place, "evaluate", "--checkpoint", join(folder, "nothing"));
    expect(missing).toMatchObject({ code: "CHECKPOINT", exitCode: 1 });
    mkdirSync(join(folder, "empty"));
    const empty = await failure(place, "evaluate", "--checkpoint", join(folder, "empty"));
    expect(empty.message).toContain("holds no config.yaml");
  });

  it("the emoji corpus in a folder is refused", async () => {
    const { place } = await bench();
    const { message, exitCode } = await failure(place, "train", "--config", "emoji", "--data", "x");
    expect(message).toContain("--data: the emoji corpus comes from npm packages");
    expect(exitCode).toBe(2);
  });

  it("an unknown option and an unknown command point at --help", async () => {
    const { place } = await bench();
    expect(await failure(place, "train", "--confg", "x")).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect((await failure(place, "trane")).message).toMatch(/unknown command 'trane'.*--help/s);
  });

  it("a sweep over splits is refused before a trial starts, with both splits and the remedy", async () => {
    const on = (split: string): string => `${split}: { report: { splits: [${split}] } }`;
    const sweep = `sweep: { space: { on: { variants: { ${on("test")}, ${on("validation")} } } } }\n`;
    const { config, place } = await bench((text) => `${text}${sweep}`);
    const { code, message } = await failure(place, "sweep", "--config", config, ...offline);
    expect(code).toBe("SPLIT_MISMATCH");
    expect(message).toContain("on tiny shapes/validation; tiny shapes/test");
    expect(message).toMatch(/on tiny shapes\/validation: numbers of different splits do not compare/);
    expect(message).toContain("Give both the same corpus split and report.splits");
    expect(existsSync(join(place.runs, "tiny", "table.md"))).toBe(false);
  });
});

describe("a paper's row of another split", () => {
  it("is refused before a trial starts", async () => {
    const row = "{ name: stage I, split: flickr30k-karpathy/test, source: the paper }";
    const { config, place } = await bench((text) => `${text}report: { published: [${row}] }\n`);
    const { code, message } = await failure(place, "reproduce", config, ...offline);
    expect(code).toBe("SPLIT_MISMATCH");
    expect(message).toContain("'stage I (the paper)' on flickr30k-karpathy/test");
    expect(message).toContain("leave its row out");
  });
});

describe("data that are not there", () => {
  it("are listed by reproduce, each with where it comes from and the folder that it has to lie in", async () => {
    const { place, folder } = await bench();
    const data = join(folder, "flickr30k");
    mkdirSync(join(data, "flickr30k-images"), { recursive: true });
    const preset = "paper-a/flickr30k-resnet50";
    const { code, message } = await failure(place, "reproduce", preset, "--data", data, ...offline);
    expect(code).toBe("DATA_MISSING");
    expect(message).toContain(`needs data that are not in ${data}:`);
    expect(message).toMatch(
      /resnet50-0676ba61\.pth: torchvision's ResNet-50.*\n +from https:\/\/download\.pytorch\.org/,
    );
    expect(message).toMatch(/results_20130124\.token: 158,915 captions/);
    expect(message).not.toContain("flickr30k-images:");
    expect(message).toContain("name the folder that holds them with --data");
  });

  it("are listed by evaluate too, when captions are there and photos are not", async () => {
    const { place, folder } = await bench();
    const { checkpoint, photos } = await trainTinyOnFeatures(folder);
    const config = join(folder, "trial", "config.yaml");
    const from = "https://example.org/shapes.tar";
    appendFileSync(config, `requires: [{ path: ${photos}, what: photos of shapes, from: "${from}" }]\n`);
    rmSync(photos, { recursive: true });
    const { code, message } = await failure(place, "evaluate", "--checkpoint", checkpoint);
    expect(code).toBe("DATA_MISSING");
    expect(message).toContain(`${photos}: photos of shapes\n    from ${from}`);
  });
});

describe("the command's process", () => {
  const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  const start = (environment: NodeJS.ProcessEnv = {}, ...parameters: string[]) =>
    spawnSync(process.execPath, [cli, ...parameters], {
      encoding: "utf8",
      env: { ...process.env, ...environment },
    });

  it("ends with exit code 2 and one paragraph without a stack", () => {
    const { status, stderr } = start({}, "train", "--config", "emojy");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\nError: there is no config 'emojy'.*\n$/);
  });

  it("shows the stack with DUALPATH_DEBUG=1", () => {
    expect(start({ DUALPATH_DEBUG: "1" }, "train", "--config", "emojy").stderr).toContain("    at ");
  });

  it("shows its help with exit code 0", () => {
    const { status, stdout } = start({}, "--help");
    expect(status).toBe(0);
    for (const command of ["train", "sweep", "evaluate", "explain", "reproduce", "mlflow", "sync"]) {
      expect(stdout).toContain(`  ${command} `);
    }
  });
});
