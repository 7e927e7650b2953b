import { describe, expect, it } from "vitest";
import { allOf, paramEquals, tagEquals } from "./filters.js";
import { stepImagePaths } from "./images.js";
import { mlflowTags, sourceTags } from "./tags.js";
import { compareRunsUrl, experimentUrl, runsUrl, runUrl } from "./urls.js";

const uri = "http://127.0.0.1:5000/";

describe("addresses of the web page", () => {
  it("open the runs of a sweep as charts", () => {
    expect(runsUrl(uri, "3", { tags: { "sweep.id": "s1" } })).toBe(
      "http://127.0.0.1:5000/#/experiments/3/runs?searchFilter=tags.%60sweep.id%60%20%3D%20%27s1%27&compareRunsMode=CHART",
    );
  });

  it("open the plain table of an experiment", () => {
    expect(runsUrl(uri, "3", { mode: "TABLE" })).toBe(experimentUrl(uri, "3"));
    expect(experimentUrl(uri, "3")).toBe("http://127.0.0.1:5000/#/experiments/3/runs");
  });

  it("open one run", () => {
    expect(runUrl(uri, "3", "abc")).toBe("http://127.0.0.1:5000/#/experiments/3/runs/abc");
  });

  it("open the comparison of some runs", () => {
    const { hash } = new URL(compareRunsUrl(uri, ["3"], ["a", "b"]));
    expect(decodeURIComponent(hash)).toBe('#/compare-runs?runs=["a","b"]&experiments=["3"]');
  });
});

describe("filters", () => {
  it("quote names and values and join with AND", () => {
    const filter = allOf(tagEquals("sweep.id", "it's"), paramEquals("dim", "64"));
    expect(filter).toBe("tags.`sweep.id` = \"it's\" AND params.`dim` = '64'");
  });

  it("refuse what MLflow's language cannot quote", () => {
    expect(() => tagEquals("a`b", "c")).toThrow("backtick");
    expect(() => tagEquals("a", `'"`)).toThrow("both kinds of quotes");
  });
});

describe("stepImagePaths", () => {
  it("follows the scheme of the image grid", () => {
    expect(stepImagePaths("retrieval", 20, 1700000000000, "id")).toEqual({
      image: "images/retrieval+step+20+timestamp+1700000000000+id.png",
      compressed: "images/retrieval+step+20+timestamp+1700000000000+id+compressed.webp",
    });
  });

  it.each(["val/grid", "a#b", "50%", "a+b", ""])(
    "refuses the key %j, which the grid or the server loses",
    (key) => {
      expect(() => stepImagePaths(key, 1, 1)).toThrow(`image key '${key}'`);
    },
  );
});

describe("sourceTags", () => {
  it("leaves out what is not known", () => {
    expect(sourceTags({ name: "train.ts", type: "JOB", commit: undefined })).toEqual({
      [mlflowTags.sourceName]: "train.ts",
      [mlflowTags.sourceType]: "JOB",
    });
  });
});
