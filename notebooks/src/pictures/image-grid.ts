import sharp from "sharp";
import { svg, text } from "../charts/frame.js";
import { openDisplay, type Shown } from "../display/show.js";

/** RGB pixels, row by row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A picture with a line below it: pixels, or the path of a file. */
export interface Tile {
  readonly picture: Pixels | string;
  readonly label?: string;
}

export interface GridOptions {
  readonly columns?: number;
  /** Pixels of a tile's side (default 96). */
  readonly size?: number;
  readonly name?: string;
}

const GAP = 8;
const LABEL = 18;
const PIXELS_PER_LETTER = 6.2;

/** A picture as a square PNG, whole, on white. */
export function thumbnail(picture: Pixels | string, size: number): Promise<Buffer> {
  const raw =
    typeof picture === "string"
      ? undefined
      : { width: picture.width, height: picture.height, channels: 3 as const };
  const source = typeof picture === "string" ? sharp(picture).rotate() : sharp(picture.data, { raw: raw! });
  return source.resize(size, size, { fit: "contain", background: "white" }).png().toBuffer();
}

/** Pictures in rows, as one PNG. */
export async function imageGrid(
  tiles: readonly Tile[],
  { columns = 8, size = 96 }: GridOptions = {},
): Promise<Shown> {
  const across = Math.max(1, Math.min(columns, tiles.length));
  const [stepX, stepY] = [size + GAP, size + GAP + LABEL];
  const width = across * stepX + GAP;
  const height = Math.ceil(tiles.length / across) * stepY + GAP;
  const place = (index: number) => ({
    left: GAP + (index % across) * stepX,
    top: GAP + Math.floor(index / across) * stepY,
  });
  const labels = tiles.map(({ label = "" }, index) => {
    const { left, top } = place(index);
    const letters = Math.floor(size / PIXELS_PER_LETTER);
    const shown = label.length > letters ? `${label.slice(0, letters - 1)}…` : label;
    return text(left, top + size + 14, shown, "start", "#111827", 'font-size="11"');
  });
  const pictures = await Promise.all(
    tiles.map(async ({ picture }, index) => ({ input: await thumbnail(picture, size), ...place(index) })),
  );
  const paper = sharp(Buffer.from(svg(width, Math.max(height, 1), labels)));
  return { mime: "image/png", data: await paper.composite(pictures).png().toBuffer() };
}

/** Shows pictures in rows; in a plain process they go to a file, whose path is returned. */
export const showImageGrid = async (
  tiles: readonly Tile[],
  options: GridOptions = {},
): Promise<string | undefined> =>
  openDisplay({ name: options.name ?? "images" }).show(await imageGrid(tiles, options));
