import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runNotebook, type Displayed } from "../testing/run-notebook.js";
import { SHAPE_COUNT, TRUNK, writeShapes, writeTrunk } from "../testing/shapes.js";
import { runSweep, type FinishedSweep } from "../testing/sweep.js";

/** Ten of 150 concepts are 6.7 %. */
const CHANCE_R10 = 10;
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

/** The cells below `name` in the first table that has such a column. */
function column(displayed: Displayed, name: string): string[] {
  const head = (page: string): string[] =>
    [...page.matchAll(/<th[^>]*>([^<]*)<\/th>/g)].map(([, text]) => text!);
  const page = displayed(html).find((shown) => head(shown).includes(name)) ?? "";
  const rows = [...page.matchAll(/<tr>((?:<td.*?<\/td>)+)<\/tr>/g)].map(([, row]) => [
    ...row!.matchAll(/<td[^>]*>([^<]*)<\/td>/g),
  ]);
  return rows.map((cells) => cells[head(page).indexOf(name)]?.[1] ?? "");
}

const numbers = (displayed: Displayed, name: string): number[] =>
  column(displayed, name).map((cell) => Number(cell.replaceAll(",", "")));

describe.each(["tslab", "deno"] as const)("under %s", (kernel) => {
  it("the first steps train, and find concepts never seen better than chance", async () => {
    const displayed = await runNotebook("1-first-steps.ipynb", kernel, { DUALPATH_TRAINING_SECONDS: "30" });
    expect(numbers(displayed, "steps")[0]).toBeGreaterThan(10);
    expect(column(displayed, "checkpoint")[0]).toMatch(/last\.safetensors$/);
    expect(displayed("image/png")).toHaveLength(1);
    expect(displayed(svg)).toHaveLength(1);
    const recalls = numbers(displayed, "r10");
    expect(recalls).toHaveLength(2);
    for (const recall of recalls) expect(recall).toBeGreaterThan(CHANCE_R10);
    expect(displayed(html).filter((page) => page.includes("data:image/png"))).toHaveLength(2);
  });

  it("the losses on a plane end where their page says they do", async () => {
    const displayed = await runNotebook("2-why-the-instance-loss.ipynb", kernel);
    expect(displayed(svg)).toHaveLength(2);
    const own = numbers(displayed, "mean cosine of own pairs");
    expect(own).toHaveLength(3);
    expect(own[0]).toBeLessThan(0.99);
    for (const cosine of own.slice(1)) expect(cosine).toBeGreaterThan(0.99);
    expect(numbers(displayed, "FLOPs")[0]).toBeGreaterThan(0);
  });

  it("a sweep is read from MLflow: its six trials, what mattered, and curves with bands", async () => {
    const displayed = await runNotebook("3-reading-a-sweep.ipynb", kernel, {
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
    const displayed = await runNotebook("4-your-own-photos.ipynb", kernel, {
      DUALPATH_PHOTOS: join(folder, "images"),
      DUALPATH_CAPTIONS: join(folder, "captions.csv"),
      DUALPATH_TRUNK: join(folder, "trunk.safetensors"),
      DUALPATH_TRUNK_MODEL: JSON.stringify(TRUNK),
      DUALPATH_VALIDATION: "8",
      DUALPATH_EPOCHS: "30",
      DUALPATH_TRAINING_SECONDS: "30",
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
