import { createHash } from "node:crypto";
import { DatasetError } from "../errors.js";

/** Images or texts of one split: their rows in the source, their classes, and who belongs to whom. */
export interface Members {
  readonly rows: Int32Array;
  readonly labels: Int32Array;
  /** An image may be paired with any text of its group; absent: groups are the classes. */
  readonly groups?: Int32Array;
}

/** One split of a corpus, over {@link import("./image-rows.js").ImageRows} and text rows. */
export interface Split {
  readonly name: string;
  readonly images: Members;
  readonly texts: Members;
  readonly galleries?: readonly { readonly name: string; readonly images: Int32Array }[];
}

/** Positions by key, packed: members of key k are `members[offsets[k] .. offsets[k + 1])`. */
export interface PositionsByKey {
  readonly offsets: Int32Array;
  readonly members: Int32Array;
}

/** Groups the positions of `keys` (small non-negative integers) by key, in order. */
export function positionsByKey(keys: Int32Array): PositionsByKey {
  const count = keys.reduce((largest, key) => Math.max(largest, key + 1), 0);
  const offsets = new Int32Array(count + 1);
  for (const key of keys) offsets[key + 1] = (offsets[key + 1] as number) + 1;
  for (let key = 0; key < count; key++)
    offsets[key + 1] = (offsets[key + 1] as number) + (offsets[key] as number);
  const next = offsets.slice();
  const members = new Int32Array(keys.length);
  keys.forEach((key, position) => {
    const slot = next[key] as number;
    members[slot] = position;
    next[key] = slot + 1;
  });
  return { offsets, members };
}

/** Number of members of `key`. */
export function sizeOf(table: PositionsByKey, key: number): number {
  return key + 1 < table.offsets.length
    ? (table.offsets[key + 1] as number) - (table.offsets[key] as number)
    : 0;
}

/** Member `index` of `key`. */
export function memberOf(table: PositionsByKey, key: number, index: number): number {
  return table.members[(table.offsets[key] as number) + index] as number;
}

/** The groups of members, their classes where none were given. */
export function groupsOf(members: Members): Int32Array {
  return members.groups ?? members.labels;
}

/** Throws unless rows and labels lie in range and rows, labels and groups have equal lengths. */
export function checkMembers(members: Members, count: number, classes: number, what: string): void {
  const { rows, labels, groups } = members;
  const outside = rows.findIndex((row) => row < 0 || row >= count);
  if (outside >= 0)
    throw new DatasetError("OPTION", `${what}: row ${rows[outside]} is not in 0..${count - 1}`);
  if (labels.length !== rows.length || (groups && groups.length !== rows.length))
    throw new DatasetError("OPTION", `${what}: expected ${rows.length} labels and groups, one a row`);
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0)
    throw new DatasetError(
      "OPTION",
      `${what}: label ${labels[wrong]} of row ${wrong} is not in 0..${classes - 1}`,
    );
}

/** Checksum over the members of a split by name, caption and class. */
export function fingerprintOf(
  split: Split,
  nameOf: (row: number) => string,
  captionOf: (row: number) => string,
) {
  const hash = createHash("sha256");
  split.images.rows.forEach((row, index) =>
    hash.update(`i\0${nameOf(row)}\0${split.images.labels[index]}\n`),
  );
  split.texts.rows.forEach((row, index) =>
    hash.update(`t\0${captionOf(row)}\0${split.texts.labels[index]}\n`),
  );
  return hash.digest("hex").slice(0, 32);
}
