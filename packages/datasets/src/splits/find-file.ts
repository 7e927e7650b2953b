import { access } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../errors.js";

/** The first of `names` that lies in `directory`, as a path; undefined where none does. */
export async function findFile(directory: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = join(directory, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** As {@link findFile}, for what a corpus cannot do without; `remedy` says where it comes from. */
export async function requireFile(
  directory: string,
  names: readonly string[],
  what: string,
  remedy: string,
): Promise<string> {
  const found = await findFile(directory, names);
  if (found !== undefined) return found;
  throw new DatasetError(
    "FILE_MISSING",
    `${directory}: no ${what} (looked for ${names.join(", ")}); ${remedy}`,
    { directory, names },
  );
}
