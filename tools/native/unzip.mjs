import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { inflateRawSync } from "node:zlib";

import { BuildFailure } from "./failure.mjs";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;

function endOfDirectory(zip) {
  for (let at = zip.length - END_BYTES; at >= 0; at--) if (zip.readUInt32LE(at) === END_SIGNATURE) return at;
  throw new BuildFailure("a downloaded wheel is not a zip file; delete .dualpath and try again");
}

/** The entries of the archive's central directory. */
function* entries(zip) {
  const end = endOfDirectory(zip);
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new BuildFailure("a downloaded wheel is damaged");
    const nameBytes = zip.readUInt16LE(at + 28);
    yield {
      name: zip.toString("utf8", at + 46, at + 46 + nameBytes),
      method: zip.readUInt16LE(at + 10),
      bytes: zip.readUInt32LE(at + 20),
      executable: ((zip.readUInt32LE(at + 38) >>> 16) & 0o100) !== 0,
      header: zip.readUInt32LE(at + 42),
    };
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}

function contents(zip, entry) {
  const begin = entry.header + 30 + zip.readUInt16LE(entry.header + 26) + zip.readUInt16LE(entry.header + 28);
  const raw = zip.subarray(begin, begin + entry.bytes);
  if (entry.method === STORED) return raw;
  if (entry.method === DEFLATED) return inflateRawSync(raw);
  throw new BuildFailure(`'${entry.name}' is compressed in a way (${entry.method}) that wheels do not use`);
}

/** Writes the entries for which `place(name)` gives a path below `folder`; the others are left out. */
export function unzip(file, folder, place) {
  const zip = readFileSync(file);
  for (const entry of entries(zip)) {
    const path = place(entry.name);
    if (path === undefined || normalize(path).startsWith("..")) continue;
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents(zip, entry), { mode: entry.executable ? 0o755 : 0o644 });
  }
}
