import { describe, expect, it } from "vitest";
import { MlflowValidationError } from "./errors.js";
import {
  clipText,
  validateArtifactPath,
  validateDataset,
  validateKey,
  validateMetric,
  validateParam,
  validateTag,
} from "./validate.js";

describe("validateKey", () => {
  it.each(["loss", "train/loss", "val/R1 i2t", "a.b-c_d:e", "Größe", "k".repeat(250)])(
    "accepts %s",
    (key) => {
      expect(() => validateKey("metric", key)).not.toThrow();
    },
  );

  it.each([
    ["R@1", "character '@'"],
    ["recall (i2t)", "character '('"],
    ["what?", "character '?'"],
    ["a\nb", "is not allowed"],
    ["", "is empty"],
    ["k".repeat(251), "at most 250"],
    ["/a", "slashes"],
    ["a//b", "slashes"],
    ["a/../b", "slashes"],
    ["a/", "slashes"],
    [".", "slashes"],
  ])("refuses %j", (key, reason) => {
    expect(() => validateKey("param", key)).toThrow(MlflowValidationError);
    expect(() => validateKey("param", key)).toThrow(reason);
  });
});

describe("validateMetric", () => {
  const point = { key: "loss", value: 1, step: 3, timestamp: 1700000000000 };

  it("accepts numbers that are not finite", () => {
    for (const value of [NaN, Infinity, -Infinity])
      expect(() => validateMetric({ ...point, value })).not.toThrow();
  });

  it.each([{ step: 0.5 }, { step: NaN }, { timestamp: 1.5 }, { timestamp: -1 }])("refuses %j", (change) => {
    expect(() => validateMetric({ ...point, ...change })).toThrow(/expected an integer/);
  });
});

describe("lengths", () => {
  it("refuses a param of more than 6000 characters, which the server would cut silently", () => {
    expect(() => validateParam({ key: "p", value: "x".repeat(6000) })).not.toThrow();
    expect(() => validateParam({ key: "p", value: "x".repeat(6001) })).toThrow(
      "6001 characters, at most 6000",
    );
  });

  it("refuses a tag of more than 8000 characters that clipText makes acceptable", () => {
    const value = "x".repeat(8001);
    expect(() => validateTag({ key: "t", value })).toThrow("at most 8000");
    expect(() => validateTag({ key: "t", value: clipText(value) })).not.toThrow();
    expect(clipText(value).endsWith("x…")).toBe(true);
    expect(clipText("short")).toBe("short");
  });

  it("refuses a dataset digest of more than 36 characters", () => {
    const dataset = { name: "emoji", digest: "d".repeat(37), sourceType: "npm", source: "{}" };
    expect(() => validateDataset(dataset)).toThrow("dataset 'emoji': digest: 37 characters, at most 36");
  });
});

describe("validateArtifactPath", () => {
  it("accepts folders, spaces and the plus signs of step images", () => {
    expect(() => validateArtifactPath("images/a b+step+3.png")).not.toThrow();
  });

  it.each(["a#b", "50%", "a?b", "a\\b", "/etc/passwd", "../up", "a//b", "", "a\u0000b"])(
    "refuses %j",
    (path) => {
      expect(() => validateArtifactPath(path)).toThrow(MlflowValidationError);
    },
  );
});
