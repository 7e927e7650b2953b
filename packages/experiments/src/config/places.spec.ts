import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { ExperimentError } from "../errors.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { parseConfigDocument } from "./document.js";
import type { Experiment } from "./experiment.js";
import { valueAt } from "./path.js";
import { missingRequirements, requireData, withWeights } from "./places.js";

const documentOf = (more: string) =>
  parseConfigDocument(`corpus: { kind: flickr8k, directory: /data/flickr8k }\n${more}`, "x.yaml");

describe("weights of a trunk", () => {
  it("lie in the corpus folder unless their path is absolute", () => {
    const own = withWeights(documentOf("weights: a.pth\nfeatures: { weights: /b.pth }\n"), undefined);
    expect(valueAt(own.value, ["weights"])).toBe("/data/flickr8k/a.pth");
    expect(valueAt(own.value, ["features", "weights"])).toBe("/b.pth");
  });

  it("may be named on the command line, and are then not required in the folder", () => {
    const document = documentOf("features: { weights: a.pth }\nrequires: [{ path: a.pth }, { path: b }]\n");
    const { value } = withWeights(document, "mine.safetensors");
    expect(valueAt(value, ["features", "weights"])).toBe(resolve("mine.safetensors"));
    expect(valueAt(value, ["requires"])).toEqual([{ path: "b" }]);
  });

  it("are refused for an experiment that has none", () => {
    expect(() => withWeights(documentOf(""), "mine.pth")).toThrow(/--weights: x\.yaml has neither/);
  });
});

describe("required data", () => {
  const experimentIn = (directory: string) =>
    ({
      name: "flickr30k",
      corpus: { kind: "flickr30k", directory },
      requires: [
        { path: "photos", what: "the photos", from: "https://example.org/photos" },
        { path: "captions.token", what: "the captions", from: "their authors" },
      ],
    }) as unknown as Experiment;

  it("that are missing are listed with where they come from and where they go", () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "photos"));
    const experiment = experimentIn(folder);
    expect(missingRequirements(experiment).map(({ path }) => path)).toEqual(["captions.token"]);
    const error = (() => {
      try {
        return requireData(experiment);
      } catch (thrown) {
        return thrown as ExperimentError;
      }
    })();
    expect(error).toMatchObject({ code: "DATA_MISSING", details: { folder, missing: ["captions.token"] } });
    expect(error?.message).toMatch(/captions\.token: the captions\n +from their authors\n.*--data/);
  });

  it("that are there are no obstacle", () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "photos"));
    writeFileSync(join(folder, "captions.token"), "");
    expect(requireData(experimentIn(folder))).toBeUndefined();
  });
});
