import { describe, expect, it } from "vitest";
import { canonicalJson, trialIdentity } from "./identity.js";

describe("the identity of a trial", () => {
  it("does not depend on the order of keys or on undefined entries", () => {
    expect(canonicalJson({ b: 1, a: [{ d: undefined, c: 2 }] })).toBe('{"a":[{"c":2}],"b":1}');
    expect(trialIdentity({ seed: 1, model: { b: 1, a: 2 } })).toBe(
      trialIdentity({ model: { a: 2, b: 1 }, seed: 1 }),
    );
  });

  it("depends on what is computed and not on its name or where it is recorded", () => {
    const base = { name: "a", seed: 1, tracking: { kind: "none" } };
    expect(trialIdentity({ ...base, name: "b", tracking: { kind: "mlflow" } })).toBe(trialIdentity(base));
    expect(trialIdentity({ ...base, seed: 2 })).not.toBe(trialIdentity(base));
  });

  it("is what it was before there was a precision where that is f32", () => {
    expect(trialIdentity({ seed: 1, precision: "f32" })).toBe(trialIdentity({ seed: 1 }));
    expect(trialIdentity({ seed: 1, precision: "bf16" })).not.toBe(trialIdentity({ seed: 1 }));
  });
});
