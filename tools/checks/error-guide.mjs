// Holds docs/errors.md to the error codes of the packages: every code is explained there, and none that there is not.
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** The codes in the unions `export type ...Code = "A" | "B"` of a package's `errors.ts` files. */
function codesOf(name) {
  const source = join(root, "packages", name, "src");
  const files = readdirSync(source, { recursive: true }).filter((file) => /(^|\/)errors\.ts$/.test(file));
  const unions = files.flatMap((file) =>
    [...readFileSync(join(source, file), "utf8").matchAll(/export type \w*Code =([^;]*);/g)].map(
      ([, union]) => union,
    ),
  );
  return unions.flatMap((union) => [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code));
}

/** The codes in the tables of the guide, by the package that their heading names. */
function explained() {
  const sections = readFileSync(join(root, "docs/errors.md"), "utf8").split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => [
      /`@dualpath\/([\w-]+)`/.exec(section.split("\n")[0])?.[1],
      [...section.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code),
    ]),
  );
}

const guide = explained();
const problems = readdirSync(join(root, "packages")).flatMap((name) => {
  const [codes, listed] = [codesOf(name), guide.get(name) ?? []];
  if (codes.length === 0) return [`packages/${name} has no error codes to check.`];
  return [
    ...codes
      .filter((code) => !listed.includes(code))
      .map((code) => `docs/errors.md explains no ${code} of ${name}.`),
    ...listed
      .filter((code) => !codes.includes(code))
      .map((code) => `docs/errors.md: ${name} has no code ${code}.`),
  ];
});
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
