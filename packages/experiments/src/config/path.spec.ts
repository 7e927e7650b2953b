import { describe, expect, it } from "vitest";
import { expandPath, merged, parsePath, valueAt, withValue } from "./path.js";

const config = { stages: [{ rate: 1 }, { rate: 2 }], model: { width: 1 } };

describe("paths into a config", () => {
  it("read and replace values without touching the original", () => {
    const changed = withValue(config, parsePath("stages.1.rate"), 5);
    expect(valueAt(changed, ["stages", 1, "rate"])).toBe(5);
    expect(config.stages[1]?.rate).toBe(2);
  });

  it("expand a star to every element", () => {
    expect(expandPath(config, parsePath("stages.*.rate"))).toEqual([
      ["stages", "0", "rate"],
      ["stages", "1", "rate"],
    ]);
  });

  it("refuse an index outside a list and a key inside a scalar", () => {
    expect(() => withValue(config, parsePath("stages.2.rate"), 5)).toThrow("'2' is no index of a list of 2");
    expect(() => withValue(config, parsePath("model.width.x"), 5)).toThrow("'x' lies inside the scalar 1");
  });

  it("lay a partial config over another: mappings merge, lists are replaced", () => {
    expect(merged(config, { model: { depth: 18 }, stages: [] })).toEqual({
      stages: [],
      model: { width: 1, depth: 18 },
    });
  });
});
