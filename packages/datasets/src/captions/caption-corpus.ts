import { assembleCorpus, type AssemblyConfig } from "../assemble-corpus.js";
import type { ImageConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { decodeImage, type DecodeOptions } from "../image/decode.js";
import { decodedImages } from "../image/decoded-images.js";
import type { Members, Split } from "../loader/split.js";
import type { Picture } from "../loader/types.js";
import type { CaptionedImage, CaptionSet } from "./caption-set.js";

/** Edge in pixels of pictures of results. */
const THUMBNAIL = 224;

/** Images and captions as rows; caption row c belongs to image row `imageOf[c]`. */
interface Rows {
  readonly images: readonly CaptionedImage[];
  readonly captions: readonly string[];
  readonly imageOf: Int32Array;
}

function toRows(images: readonly CaptionedImage[]): Rows {
  const captions = images.flatMap((image) => image.captions);
  const imageOf = Int32Array.from(images.flatMap((image, row) => image.captions.map(() => row)));
  return { images, captions, imageOf };
}

/**
 * The class of each member: its image (paper A, 2.1) or, where identities are known, its person; classes are
 * numbered within the split. Training pairs an image with its own captions in both cases.
 */
function membersOf(rows: Rows, imageRows: Int32Array): Pick<Split, "images" | "texts"> {
  const groupOf = new Map(Array.from(imageRows, (row, group) => [row, group]));
  const textRows = Int32Array.from(rows.captions.keys()).filter((row) =>
    groupOf.has(rows.imageOf[row] as number),
  );
  const identities = Array.from(imageRows, (row) => rows.images[row]?.identity);
  const known = identities.every((identity) => identity !== undefined);
  const sorted = known ? [...new Set(identities)].sort((a, b) => a - b) : [];
  const classOf = new Map(sorted.map((identity, label) => [identity, label]));
  const labels = imageRows.map((_, group) => (known ? (classOf.get(identities[group] ?? -1) ?? -1) : group));
  const groups = textRows.map((row) => groupOf.get(rows.imageOf[row] as number) as number);
  const images: Members = {
    rows: imageRows,
    labels,
    ...(known && { groups: labels.map((_, group) => group) }),
  };
  const textLabels = groups.map((group) => labels[group] as number);
  return { images, texts: { rows: textRows, labels: textLabels, ...(known && { groups }) } };
}

function splitOf(rows: Rows, corpus: string, split: string): Split {
  const imageRows = Int32Array.from(rows.images.keys()).filter((row) => rows.images[row]?.split === split);
  return { name: `${corpus}/${split}`, ...membersOf(rows, imageRows) };
}

/**
 * Consecutive whole folds of the test images, each with its own captions only (the protocol of MSCOCO 1K).
 */
function foldsOf(rows: Rows, corpus: string, { split, size }: Folds): [string, Split][] {
  const imageRows = Int32Array.from(rows.images.keys()).filter((row) => rows.images[row]?.split === split);
  const folds = Math.floor(imageRows.length / size);
  if (folds < 2) return [];
  return Array.from({ length: folds }, (_, fold) => {
    const name = `${split}-fold${fold + 1}`;
    const members = membersOf(rows, imageRows.slice(fold * size, (fold + 1) * size));
    return [name, { name: `${corpus}/${name}`, ...members }];
  });
}

async function thumbnail({ path }: CaptionedImage): Promise<Picture> {
  const data = await decodeImage(path, { size: [THUMBNAIL, THUMBNAIL], fit: "cover" });
  return { data, height: THUMBNAIL, width: THUMBNAIL };
}

/** A split that is evaluated in consecutive parts of `size` images too, named `<split>-fold1` and so on. */
export interface Folds {
  readonly split: string;
  readonly size: number;
}

/** Makes a corpus of validated captioned images; a class is an image or, where known, an identity. */
export async function captionCorpus(
  { images, report }: CaptionSet,
  config: AssemblyConfig & { readonly image: ImageConfig },
  context: OpenContext,
  folds?: Folds,
): Promise<Corpus> {
  const rows = toRows(images);
  const train = splitOf(rows, report.name, "train");
  const others = Object.keys(report.splits).filter((split) => split !== "train");
  const { size, fit } = config.image;
  const decoding: DecodeOptions = { size: [size, size], fit };
  const openImages = async () => {
    const { cacheDirectory: directory, onProgress, signal } = context;
    const observers = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
    const files = images.map(({ path }) => path);
    return (await decodedImages({ files, decode: decoding, directory, ...observers })).images;
  };
  const parts = {
    report,
    classes: new Set(train.images.labels).size,
    imageNames: images.map(({ name }) => name),
    captions: rows.captions,
    train,
    evaluation: Object.fromEntries([
      ...others.map((split) => [split, splitOf(rows, report.name, split)] as const),
      ...(folds ? foldsOf(rows, report.name, folds) : []),
    ]),
    openImages,
    decoding,
    picture: (row: number) => thumbnail(images[row] as CaptionedImage),
  };
  return assembleCorpus(parts, config, context);
}
