import { describe, expect, it } from "vitest";
import { matchesAny, matchesGlob } from "./glob.js";

describe("globs over parameter names", () => {
  it("a plain name matches itself and everything below it, but not a longer word", () => {
    expect(matchesGlob("image.trunk", "image.trunk")).toBe(true);
    expect(matchesGlob("image.trunk", "image.trunk.conv1.weight")).toBe(true);
    expect(matchesGlob("image.trunk", "image.trunks.weight")).toBe(false);
  });

  it("one star stays within a dotted part and two stars cross parts", () => {
    expect(matchesGlob("text.*.weight", "text.lookup.weight")).toBe(true);
    expect(matchesGlob("text.*.weight", "text.block1.conv1.weight")).toBe(false);
    expect(matchesGlob("text.**.weight", "text.block1.conv1.weight")).toBe(true);
    expect(matchesGlob("**", "anything.at.all")).toBe(true);
  });

  it("braces list alternatives and other signs are literal", () => {
    expect(matchesGlob("{image,text}.head.**", "text.head.fc1.weight")).toBe(true);
    expect(matchesGlob("{image,text}.head.**", "classifier.weight")).toBe(false);
    expect(matchesGlob("a+b", "aab")).toBe(false);
  });

  it("a list matches when one of its globs does", () => {
    expect(matchesAny(["text.**", "classifier"], "classifier.weight")).toBe(true);
    expect(matchesAny([], "classifier.weight")).toBe(false);
  });
});
