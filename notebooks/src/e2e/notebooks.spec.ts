import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { column, numbers, type Displayed, type Kernel } from "../testing/executed.js";
import { pressStop } from "../testing/press-stop.js";
import { runNotebook } from "../testing/run-notebook.js";
import { SHAPE_COUNT, TRUNK, writeShapes, writeTrunk } from "../testing/shapes.js";
import { runSweep, type FinishedSweep } from "../testing/sweep.js";

/**
 * Two epochs, so that a busy machine trains no less: 180 steps, after which R@10 is above 20 both ways. Chance is 6.7,
 * ten of 150 concepts.
 */
const EPOCHS = 2;
const LEAST_R10 = 15;
/** What a notebook may take, and what the notebooks that train take of it for that (their defaults). */
const SECONDS = 180;
const TRAINING_SECONDS: Readonly<Record<string, number>> = {
  "1-first-steps.ipynb": 120,
  "4-your-own-photos.ipynb": 60,
};
const svg = "image/svg+xml";
const html = "text/html";

let folder: string;
let sweep: FinishedSweep;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "notebooks-"));
  await writeShapes(folder);
  await writeTrunk(join(folder, "trunk.safetensors"));
  sweep = await runSweep(folder);
});

afterAll(async () => {
  await sweep?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Executes a notebook and holds it to its time, by the processor: the clock of a busy machine says little, and beside
 * training, whose clock is its own, a notebook does one thing after the other.
 */
async function execute(name: string, kernel: Kernel, environment?: NodeJS.ProcessEnv): Promise<Displayed> {
  const { displayed, processorSeconds } = await runNotebook(name, kernel, environment);
  const trained = numbers(displayed, "processor seconds")[0] ?? 0;
  expect(processorSeconds).toBeGreaterThan(trained);
  expect(processorSeconds - trained).toBeLessThan(SECONDS - (TRAINING_SECONDS[name] ?? 0));
  return displayed;
}

describe.each(["tslab", "deno"] as const)("under %s", (kernel) => {
  it("the first steps train, and find concepts never seen better than chance", async () => {
    const displayed = await execute("1-first-steps.ipynb", kernel, {
      DUALPATH_EPOCHS: String(EPOCHS),
    });
    expect(numbers(displayed, "steps")[0]).toBeGreaterThan(100);
    expect(column(displayed, "checkpoint")[0]).toMatch(/stage-both\.safetensors$/);
    expect(displayed("image/png")).toHaveLength(1);
    expect(displayed(svg)).toHaveLength(1);
    const recalls = numbers(displayed, "r10");
    expect(recalls).toHaveLength(2);
    for (const recall of recalls) expect(recall).toBeGreaterThan(LEAST_R10);
    expect(displayed(html).filter((page) => page.includes("data:image/png"))).toHaveLength(2);
  });

  it("the stop button ends training with a checkpoint, from which the same cell goes on", async () => {
    const [stopped, resumed] = await pressStop("1-first-steps.ipynb", kernel, [3, 1]);
    expect(column(stopped!, "checkpoint")[0]).toMatch(/last\.safetensors$/);
    const [steps = 0] = numbers(stopped!, "steps");
    expect(steps).toBeGreaterThan(1);
    // Begun anew, it would have been stopped at its first steps.
    expect(numbers(resumed!, "steps")[0]).toBeGreaterThan(steps);
  });

  it("the losses on a plane end where their page says they do", async () => {
    const displayed = await execute("2-why-the-instance-loss.ipynb", kernel);
    expect(displayed(svg)).toHaveLength(2);
    const own = numbers(displayed, "mean cosine of own pairs");
    expect(own).toHaveLength(3);
    expect(own[0]).toBeLessThan(0.99);
    for (const cosine of own.slice(1)) expect(cosine).toBeGreaterThan(0.99);
    expect(numbers(displayed, "FLOPs")[0]).toBeGreaterThan(0);
  });

  it("a sweep is read from MLflow: its six trials, what mattered, and curves with bands", async () => {
    const displayed = await execute("3-reading-a-sweep.ipynb", kernel, {
      MLFLOW_TRACKING_URI: sweep.uri,
    });
    expect(numbers(displayed, "trials")).toEqual([6]);
    const [coordinates = "", bars = "", ...curves] = displayed(svg);
    expect(coordinates.match(/<polyline/g)).toHaveLength(6);
    expect(bars).toContain("learningRate");
    expect(curves).toHaveLength(2);
    for (const drawn of curves) expect(drawn.match(/<polygon/g)).toHaveLength(3);
  });

  it("a folder of photos is embedded by a trunk, trained on and searched", async () => {
    const displayed = await execute("4-your-own-photos.ipynb", kernel, {
      DUALPATH_PHOTOS: join(folder, "images"),
      DUALPATH_CAPTIONS: join(folder, "captions.csv"),
      DUALPATH_TRUNK: join(folder, "trunk.safetensors"),
      DUALPATH_TRUNK_MODEL: JSON.stringify(TRUNK),
      DUALPATH_VALIDATION: "8",
      DUALPATH_EPOCHS: "30",
      DUALPATH_QUERIES: "a red circle;the bar is blue",
    });
    expect(numbers(displayed, "photos")).toEqual([SHAPE_COUNT]);
    expect(numbers(displayed, "r5")).toHaveLength(2);
    const found = displayed(html).find((page) => page.includes("<b>a red circle</b>")) ?? "";
    const alternatives = [...found.matchAll(/alt="([^"]*)"/g)].map(([, name]) => name);
    expect(alternatives).toHaveLength(12);
    expect(alternatives.slice(0, 6)).toContain("red-circle.png");
  });
});
