import sharp from "sharp";
import { decodeImage, type EntitiesImage, type PixelBox } from "@dualpath/datasets";
import { escaped } from "../report/svg.js";
import type { ProposedRegions } from "./proposals.js";
import type { ScoredMention } from "./score.js";

const COLUMNS = 3;
const TILE = 320;
const LINE = 20;
const MENTIONS = 3;
const GAP = 12;
const RIGHT = "#1a8f3c";
const WRONG = "#d1242f";
const TRUTH = "#ffffff";

/**
 * PNG of photos with their phrases: the best box of each in its colour, solid where it is right, the true box dashed in
 * white. Photos are spread over the images that have mentions.
 */
export async function localizationPicture(
  title: string,
  images: readonly EntitiesImage[],
  proposed: ProposedRegions,
  mentions: readonly ScoredMention[],
  count = 6,
): Promise<Buffer> {
  const withMentions = [...new Set(mentions.map(({ image }) => image))];
  const shown = Math.min(count, withMentions.length);
  const chosen = Array.from(
    { length: shown },
    (_, index) => withMentions[Math.floor((index * withMentions.length) / shown)]!,
  );
  const rows = Math.ceil(chosen.length / COLUMNS);
  const height = 30 + rows * (TILE + MENTIONS * LINE + GAP);
  const width = GAP + COLUMNS * (TILE + GAP);
  const tiles = await Promise.all(
    chosen.map((place, index) => {
      const x = GAP + (index % COLUMNS) * (TILE + GAP);
      const y = 30 + Math.floor(index / COLUMNS) * (TILE + MENTIONS * LINE + GAP);
      const own = distinct(mentions.filter(({ image }) => image === place)).slice(0, MENTIONS);
      return tile(images[place]!, own, proposed, proposed.offsets[place]!, x, y);
    }),
  );
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="14">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${GAP}" y="20" font-weight="bold">${escaped(title)}</text>`,
    ...tiles,
    "</svg>",
  ].join("\n");
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** One mention of each chain. */
function distinct(mentions: readonly ScoredMention[]): ScoredMention[] {
  const chains = new Map(mentions.map((mention) => [mention.phrase.chain, mention]));
  return [...chains.values()];
}

async function tile(
  image: EntitiesImage,
  mentions: readonly ScoredMention[],
  { regions }: ProposedRegions,
  first: number,
  x: number,
  y: number,
): Promise<string> {
  const scale = TILE / Math.max(image.width, image.height);
  const [width, height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
  const pixels = await decodeImage(image.path ?? "", { size: [height, width], fit: "squash" });
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const drawn = mentions.map((mention, index) => {
    const best = mention.scores.length === 0 ? -1 : bestOf(mention.scores);
    const right = best >= 0 && mention.overlaps[best]! >= 0.5;
    const [color, mark] = right ? [RIGHT, "✓"] : [WRONG, "✗"];
    const box = regions[first + best]?.box;
    const label = `<text x="${x}" y="${y + TILE + (index + 1) * LINE}" fill="${color}">${index + 1} ${mark} ${escaped(mention.phrase.text)}</text>`;
    const number = box === undefined ? "" : numberAt(box, scale, x, y, index + 1, color);
    const truth = frame(mention.phrase.box, scale, x, y, TRUTH, "2 3", 2);
    return [truth, box === undefined ? "" : frame(box, scale, x, y, color, "none", 3), number, label].join(
      "\n",
    );
  });
  return [
    `<image x="${x}" y="${y}" width="${width}" height="${height}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    ...drawn,
  ].join("\n");
}

function bestOf(scores: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < scores.length; index++) if (scores[index]! > scores[best]!) best = index;
  return best;
}

function frame(
  box: PixelBox,
  scale: number,
  x: number,
  y: number,
  color: string,
  dash: string,
  width: number,
): string {
  const [left, top] = [x + (box.left - 1) * scale, y + (box.top - 1) * scale];
  const size = `width="${(box.right - box.left + 1) * scale}" height="${(box.bottom - box.top + 1) * scale}"`;
  return `<rect x="${left}" y="${top}" ${size} fill="none" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dash}"/>`;
}

/** Tells whose box it is. */
function numberAt(box: PixelBox, scale: number, x: number, y: number, number: number, color: string): string {
  const [left, top] = [x + (box.left - 1) * scale, y + (box.top - 1) * scale];
  return [
    `<rect x="${left}" y="${top}" width="18" height="20" fill="${color}"/>`,
    `<text x="${left + 5}" y="${top + 15}" fill="white">${number}</text>`,
  ].join("\n");
}
