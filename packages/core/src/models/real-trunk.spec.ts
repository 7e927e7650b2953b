import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { createBuildContext } from "../layers/context.js";
import { dualPath } from "./dual-path.js";
import { imageTrunk } from "./image-trunk.js";
import { initialize } from "./initialize.js";
import { loadTrunk } from "./pretrained.js";
import { imageTrunkSchema } from "./schema.js";

/** Features of float32 against the golden's float64, relative to their length. */
const TOLERANCE = 1e-3;
/** Of every picture the golden keeps each tenth feature. */
const EVERY = 10;
const SIZE = 224;
const NAME = "mobilenet_v2.imagenet.safetensors";

const file = join(process.env["DUALPATH_DATA"] ?? "DUALPATH_DATA", NAME);
const golden = JSON.parse(
  readFileSync(new URL("../../fixtures/mobilenet-v2.json", import.meta.url), "utf8"),
) as { readonly sha256: string; readonly features: readonly number[][] };

/** The golden's pictures; mobilenet-v2.py says the same. */
function drawnPictures(): Float32Array {
  const waves = [
    [0.05, 0.02],
    [0.31, -0.17],
  ] as const;
  const pixels = waves.flatMap(([across, down]) =>
    Array.from({ length: SIZE * SIZE * 3 }, (_, index) => {
      const [pixel, colour] = [Math.floor(index / 3), index % 3];
      return Math.sin(across * (pixel % SIZE) + down * Math.floor(pixel / SIZE) + 2 * colour);
    }),
  );
  return Float32Array.from(pixels);
}

async function featuresOf(path: string): Promise<Float32Array> {
  const trunk = imageTrunkSchema.parse({ kind: "mobilenet-v2" });
  const text = { kind: "vector", dimension: 1 };
  const model = dualPath({ image: trunk, text, embedding: 1 }, { classes: 1, vocabulary: 0 });
  const store = Store.open({ device: "cpu", threads: 1 });
  try {
    await initialize(store, model, 0);
    await loadTrunk(store, model, path);
    const graph = new Graph("trunk");
    const pixels = graph.input("pixels", [golden.features.length, SIZE, SIZE, 3]);
    const context = createBuildContext(graph, { mode: "evaluate" });
    const feature = imageTrunk(context, pixels, "image.trunk", trunk);
    const program = await store.compile(graph, { taps: { feature } });
    return (await program.step({ pixels: drawnPictures() }))["feature"] as Float32Array;
  } finally {
    await store.dispose();
  }
}

describe.runIf(existsSync(file))(
  `MobileNetV2 of ImageNet (left out without ${NAME} in DUALPATH_DATA)`,
  () => {
    it("is the file that the golden was made of", () => {
      expect(createHash("sha256").update(readFileSync(file)).digest("hex")).toBe(golden.sha256);
    });

    it("makes of pictures the pooled features that it makes in PyTorch", async () => {
      const expected = golden.features.flat();
      const got = (await featuresOf(file)).filter((_, index) => index % EVERY === 0);
      expect(got).toHaveLength(expected.length);
      const distance = Math.hypot(...expected.map((value, index) => value - got[index]!));
      expect(distance / Math.hypot(...expected)).toBeLessThan(TOLERANCE);
    });
  },
);
