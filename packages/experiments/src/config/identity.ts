import { createHash } from "node:crypto";

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.map((element: unknown) => canonicalJson(element ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`);
  return `{${entries.join(",")}}`;
}

const IDENTITY_LENGTH = 12;
const NO_PART_OF_IDENTITY = ["name", "tracking", "sweep", "requires", "expected"];

/** Keys that came later, with the value that trials had before: those keep their identity. */
const FIRST_VALUES: Readonly<Record<string, unknown>> = { precision: "f32" };

/** Content hash of what a trial computes: its resolved config without name, tracking, sweep and what it says about data. */
export function trialIdentity(resolved: Readonly<Record<string, unknown>>): string {
  const content = Object.fromEntries(
    Object.entries(resolved).filter(
      ([key, value]) => !NO_PART_OF_IDENTITY.includes(key) && value !== FIRST_VALUES[key],
    ),
  );
  return digest(canonicalJson(content), IDENTITY_LENGTH);
}

/** The first hexadecimal digits of a text's SHA-256. */
export const digest = (text: string, length = 64): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);
