// npm packages that must stay out of the workspace, in a folder of the project's own below `.dualpath`: their
// commands would take the places of the workspace's in `node_modules/.bin`.
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lastWords, run, setUpOnce, SetupFailure } from "./once.mjs";

function install(source, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(source, name), join(folder, name));
  const installed = run("npm", ["ci", "--prefix", folder, "--no-audit", "--no-fund"], { cwd: folder });
  if (installed.status === 0) return;
  throw new SetupFailure(
    `npm could not install the packages of ${join(source, "package.json")} into ${folder}: ` +
      `${lastWords(installed)} Check the network and npm's settings, then run the same command again.`,
  );
}

/** Installs what the lock file in `source` names unless `folder` holds it; `program` is a file that it must hold. */
export function setUpPackages({ title, folder, source, program }) {
  const lock = JSON.parse(readFileSync(join(source, "package-lock.json"), "utf8"));
  const wanted = JSON.stringify({ lock, node: process.versions.modules });
  setUpOnce({ title, folder, wanted, program, make: () => install(source, folder) });
}
