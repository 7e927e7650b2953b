import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { z } from "zod";
import { DatasetError, messageOf } from "../errors.js";

const require = createRequire(import.meta.url);

/** The npm packages that the corpus is made of; exact versions stand in this package's `package.json`. */
export const emojiPackages = [
  "@iconify-json/noto",
  "@iconify-json/twemoji",
  "@iconify-json/openmoji",
  "@iconify-json/fluent-emoji-flat",
  "@iconify-json/emojione",
  "@iconify-json/noto-v1",
  "emojibase-data",
  "emojilib",
  "gemoji",
  "openmoji",
] as const;

/** Path of a file of an installed package. Errors: `FILE_MISSING`. */
export function packageFile(path: string): string {
  try {
    return require.resolve(path);
  } catch (error) {
    throw new DatasetError(
      "FILE_MISSING",
      `emoji corpus: ${path} is not installed; run npm ci`,
      { path },
      { cause: error },
    );
  }
}

/** Reads and validates a JSON file of an installed package. Errors: `FILE_MISSING`, `FILE_FORMAT`. */
export function readPackageJson<T>(path: string, schema: z.ZodType<T>): T {
  const file = packageFile(path);
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const message = `emoji corpus: ${path} has another form than expected; run npm ci (${messageOf(error)})`;
    throw new DatasetError("FILE_FORMAT", message, { file }, { cause: error });
  }
}

const manifestSchema = z.object({ version: z.string() });

/** Exact versions of {@link emojiPackages} as installed. */
export function packageVersions(): Record<string, string> {
  const version = (name: string) => {
    const file = packageFile(name === "gemoji" ? "gemoji" : `${name}/package.json`);
    const manifest = name === "gemoji" ? file.replace(/index\.js$/, "package.json") : file;
    return manifestSchema.parse(JSON.parse(readFileSync(manifest, "utf8"))).version;
  };
  return Object.fromEntries(emojiPackages.map((name) => [name, version(name)]));
}
