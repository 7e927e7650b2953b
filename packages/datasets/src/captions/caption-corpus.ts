import { assembleCorpus, type AssemblyConfig } from "../assemble-corpus.js";
import type { ImageConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { decodeImage } from "../image/decode.js";
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

/** One class an image (paper A, 2.1), numbered within the split. */
function splitOf(rows: Rows, corpus: string, split: string): Split {
  const imageRows = Int32Array.from(rows.images.keys()).filter((row) => rows.images[row]?.split === split);
  const classOf = new Map(Array.from(imageRows, (row, label) => [row, label]));
  const textRows = Int32Array.from(rows.captions.keys()).filter((row) =>
    classOf.has(rows.imageOf[row] as number),
  );
  const images: Members = { rows: imageRows, labels: imageRows.map((_, label) => label) };
  const labels = textRows.map((row) => classOf.get(rows.imageOf[row] as number) as number);
  return { name: `${corpus}/${split}`, images, texts: { rows: textRows, labels } };
}

async function thumbnail({ path }: CaptionedImage): Promise<Picture> {
  const data = await decodeImage(path, { size: [THUMBNAIL, THUMBNAIL], fit: "cover" });
  return { data, height: THUMBNAIL, width: THUMBNAIL };
}

/** Makes a corpus of validated captioned images; every image is a class of its own. */
export async function captionCorpus(
  { images, report }: CaptionSet,
  config: AssemblyConfig & { readonly image: ImageConfig },
  context: OpenContext,
): Promise<Corpus> {
  const rows = toRows(images);
  const train = splitOf(rows, report.name, "train");
  const others = Object.keys(report.splits).filter((split) => split !== "train");
  const openImages = async () => {
    const { cacheDirectory: directory, onProgress, signal } = context;
    const { size, fit } = config.image;
    const observers = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
    const files = images.map(({ path }) => path);
    return (await decodedImages({ files, decode: { size: [size, size], fit }, directory, ...observers }))
      .images;
  };
  const parts = {
    report,
    classes: train.images.rows.length,
    imageNames: images.map(({ name }) => name),
    captions: rows.captions,
    train,
    evaluation: Object.fromEntries(others.map((split) => [split, splitOf(rows, report.name, split)])),
    openImages,
    picture: (row: number) => thumbnail(images[row] as CaptionedImage),
  };
  return assembleCorpus(parts, config, context);
}
