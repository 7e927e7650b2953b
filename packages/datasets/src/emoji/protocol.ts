import { captionSources, type Caption, type CaptionSource } from "./captions.js";
import type { Concept } from "./concepts.js";
import type { EmojiSplit, SplitPart } from "./split.js";
import { vendors, type Vendor } from "./vendors.js";

/** "P1": groups never seen in training. "P2": seen groups, a held-out vendor and held-out text sources. */
export type Protocol = "P1" | "P2";

/** P2 tests on this vendor's pictures, the others train. */
export const heldOutVendor: Vendor = "twemoji";

/** P2 tests on these sources; the two say nearly the same of a concept, so they stay together. */
export const heldOutSources: readonly CaptionSource[] = ["keywords", "openmoji tags"];

/** Rows of one part: images and captions of the corpus with their classes. */
export interface PartMembers {
  readonly name: string;
  readonly images: Int32Array;
  /** int32, class of each image; within a part equal classes match. */
  readonly imageLabels: Int32Array;
  readonly captions: Int32Array;
  readonly captionLabels: Int32Array;
  /** Positions in `images` by gallery: one vendor each, then "all". */
  readonly galleries: readonly { readonly name: string; readonly images: Int32Array }[];
}

/** The parts of a protocol. */
export type EmojiMembers = Readonly<Record<SplitPart, PartMembers>> & { readonly classes: number };

interface Rows {
  readonly groups: readonly Concept[];
  readonly imageGroup: Int32Array;
  readonly imageVendor: Int32Array;
  readonly captions: readonly Caption[];
}

function positions(count: number, belongs: (index: number) => boolean): Int32Array {
  return Int32Array.from(Array.from({ length: count }, (_, index) => index).filter(belongs));
}

function galleriesOf(images: Int32Array, imageVendor: Int32Array): PartMembers["galleries"] {
  const ofVendor = vendors.map((name, id) => ({
    name: name as string,
    images: positions(images.length, (index) => imageVendor[images[index] as number] === id),
  }));
  const all = { name: "all", images: positions(images.length, () => true) };
  return [...ofVendor.filter((gallery) => gallery.images.length > 0), all];
}

interface PartRule {
  readonly name: string;
  /** Class of a group, undefined where it does not take part. */
  readonly label: ReadonlyMap<number, number>;
  readonly vendor: (id: number) => boolean;
  readonly source: (id: number) => boolean;
}

function membersOf(rows: Rows, { name, label, vendor, source }: PartRule): PartMembers {
  const { imageGroup, imageVendor, captions } = rows;
  const takes = (group: number) => label.has(group);
  const images = positions(
    imageGroup.length,
    (row) => takes(imageGroup[row] as number) && vendor(imageVendor[row] as number),
  );
  const texts = positions(captions.length, (row) => {
    const caption = captions[row] as Caption;
    return takes(caption.group) && source(caption.source);
  });
  return {
    name,
    images,
    imageLabels: images.map((row) => label.get(imageGroup[row] as number) as number),
    captions: texts,
    captionLabels: texts.map((row) => label.get((captions[row] as Caption).group) as number),
    galleries: galleriesOf(images, imageVendor),
  };
}

function labels(groups: readonly Concept[], keys: readonly string[]): Map<number, number> {
  const index = new Map(groups.map(({ key }, position) => [key, position]));
  return new Map(keys.map((key, label) => [index.get(key) as number, label]));
}

const anyone = () => true;

/** P1: the parts of the split with all vendors and sources; classes of validation and test are their own. */
function unseenGroups(rows: Rows, split: EmojiSplit): EmojiMembers {
  const part = (name: SplitPart) =>
    membersOf(rows, { name, label: labels(rows.groups, split[name]), vendor: anyone, source: anyone });
  const { train, validation, test } = {
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
  };
  return { train, validation, test, classes: split.train.length };
}

/** Groups with both a held-out and a training caption, the only ones P2 can test. */
function testable(rows: Rows, held: (source: number) => boolean): Set<number> {
  const groupsWith = (wanted: boolean) =>
    new Set(rows.captions.filter(({ source }) => held(source) === wanted).map(({ group }) => group));
  const trained = groupsWith(false);
  return new Set([...groupsWith(true)].filter((group) => trained.has(group)));
}

/** P2: every group of the split trains; validation and test look at the held-out vendor and sources. */
function seenGroups(rows: Rows, split: EmojiSplit): EmojiMembers {
  const keys = [...split.train, ...split.validation, ...split.test];
  const label = labels(rows.groups, keys);
  const heldVendor = vendors.indexOf(heldOutVendor);
  const held = (source: number) => heldOutSources.includes(captionSources[source] as CaptionSource);
  const both = testable(rows, held);
  const part = (name: SplitPart) => {
    const own = [...labels(rows.groups, split[name]).keys()].filter((group) => both.has(group));
    const kept = new Map(own.map((group) => [group, label.get(group) as number]));
    return membersOf(rows, { name, label: kept, vendor: (id) => id === heldVendor, source: held });
  };
  const train = membersOf(rows, {
    name: "train",
    label,
    vendor: (id) => id !== heldVendor,
    source: (source) => !held(source),
  });
  return { train, validation: part("validation"), test: part("test"), classes: keys.length };
}

/** Who trains, validates and tests under `protocol`. */
export function assignMembers(rows: Rows, split: EmojiSplit, protocol: Protocol): EmojiMembers {
  return protocol === "P1" ? unseenGroups(rows, split) : seenGroups(rows, split);
}
