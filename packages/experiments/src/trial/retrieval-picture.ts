import sharp from "sharp";
import { escaped } from "../report/svg.js";
import { spreadQueries, topResults, type Side, type TopResults } from "./top-results.js";

/** A split with its embeddings, as far as a picture of results needs it. */
export interface PictureSource {
  readonly title: string;
  readonly images: Side;
  readonly texts: Side;
  readonly dimension: number;
  readonly captionOf: (row: number) => string;
  readonly pixelsOf: (row: number) => Promise<{ data: Uint8Array; height: number; width: number }>;
}

const QUERIES = 6;
const RESULTS = 5;
const TILE = 96;
const GAP = 10;
const CAPTION_WIDTH = 230;
const ROW = TILE + GAP;
const PANEL = CAPTION_WIDTH + RESULTS * ROW + GAP;
const HEADER = 46;
const CORRECT = "#1a8f3c";
const WRONG = "#c9ced6";

/**
 * PNG of example queries with their best results: on the left texts that look for images, on the right images that
 * look for texts. What is correct stands in a green frame, or behind a green tick.
 */
export async function retrievalPicture(source: PictureSource): Promise<Buffer> {
  const { images, texts, dimension } = source;
  const options = { count: RESULTS, dimension };
  const textQueries = topResults(texts, images, { ...options, of: spreadQueries(texts, images, QUERIES) });
  const imageQueries = topResults(images, texts, { ...options, of: spreadQueries(images, texts, QUERIES) });
  const left = await Promise.all(textQueries.map((result, row) => textRow(source, result, row)));
  const right = await Promise.all(imageQueries.map((result, row) => imageRow(source, result, row)));
  const height = HEADER + Math.max(textQueries.length, imageQueries.length) * ROW + GAP;
  const width = 2 * PANEL;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    label(GAP, 18, source.title, 'font-size="14" font-weight="bold"'),
    label(GAP, 38, "Text to image"),
    label(PANEL + GAP, 38, "Image to text"),
    ...left,
    ...right,
    "</svg>",
  ].join("\n");
  return sharp(Buffer.from(svg)).png().toBuffer();
}

async function textRow(source: PictureSource, { query, found }: TopResults, row: number): Promise<string> {
  const top = HEADER + row * ROW;
  const tiles = await Promise.all(
    found.map(({ row: image, correct }, column) => {
      return tile(source, image, CAPTION_WIDTH + column * ROW, top, correct ? CORRECT : WRONG);
    }),
  );
  return [...lines(source.captionOf(query), GAP, top + 16, 32, 5), ...tiles].join("\n");
}

async function imageRow(source: PictureSource, { query, found }: TopResults, row: number): Promise<string> {
  const top = HEADER + row * ROW;
  const picture = await tile(source, query, PANEL + GAP, top, WRONG);
  const captions = found.map(({ row: text, correct }, place) => {
    const [mark, color] = correct ? ["✓", CORRECT] : ["·", "#6b7280"];
    const caption = cut(source.captionOf(text), 78);
    return label(PANEL + TILE + 3 * GAP, top + 16 + place * 18, `${mark} ${caption}`, `fill="${color}"`);
  });
  return [picture, ...captions].join("\n");
}

async function tile(
  source: PictureSource,
  row: number,
  x: number,
  y: number,
  color: string,
): Promise<string> {
  const { data, height, width } = await source.pixelsOf(row);
  const raw = { raw: { width, height, channels: 3 as const } };
  const png = await sharp(data, raw)
    .resize(TILE, TILE, { fit: "contain", background: "white" })
    .png()
    .toBuffer();
  const place = `x="${x}" y="${y}" width="${TILE}" height="${TILE}"`;
  return [
    `<image ${place} href="data:image/png;base64,${png.toString("base64")}"/>`,
    `<rect ${place} fill="none" stroke="${color}" stroke-width="${color === CORRECT ? 5 : 1}"/>`,
  ].join("\n");
}

const label = (x: number, y: number, text: string, style = ""): string =>
  `<text x="${x}" y="${y}" ${style}>${escaped(text)}</text>`;

function lines(text: string, x: number, y: number, width: number, most: number): string[] {
  const wrapped: string[] = [];
  for (const word of text.split(" ")) {
    const last = wrapped.at(-1);
    if (last !== undefined && last.length + word.length < width)
      wrapped[wrapped.length - 1] = `${last} ${word}`;
    else wrapped.push(cut(word, width));
  }
  const shown = wrapped.length > most ? [...wrapped.slice(0, most - 1), "…"] : wrapped;
  return shown.map((line, index) => label(x, y + index * 17, line));
}

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;
