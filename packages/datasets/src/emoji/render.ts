import sharp from "sharp";
import { DatasetError, messageOf } from "../errors.js";

/** Versions of what turns SVG into pixels; other versions may give other pixels. */
export const rendererVersions: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp ?? "unknown",
  vips: sharp.versions.vips ?? "unknown",
};

/** Renders an SVG document to uint8 RGB [size, size, 3], transparency on white. Errors: `IMAGE_UNDECODABLE`. */
export async function renderSvg(svg: string, size: number, name: string): Promise<Uint8Array> {
  const sized = svg.replace("<svg ", `<svg width="${size}" height="${size}" `);
  try {
    const image = sharp(Buffer.from(sized)).resize(size, size, { fit: "contain", background: "#ffffff" });
    return await image.flatten({ background: "#ffffff" }).toColourspace("srgb").raw().toBuffer();
  } catch (error) {
    const message = `emoji '${name}' cannot be rendered: ${messageOf(error)}; run npm ci`;
    throw new DatasetError("IMAGE_UNDECODABLE", message, { name }, { cause: error });
  }
}

/** Renders documents one after another into [n, size, size, 3], `concurrency` of them in flight. */
export async function renderAll(
  documents: readonly { readonly name: string; readonly svg: string }[],
  size: number,
  concurrency = 8,
): Promise<Uint8Array> {
  const bytes = size * size * 3;
  const pixels = new Uint8Array(documents.length * bytes);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < documents.length; index = next++) {
      const { name, svg } = documents[index] as { name: string; svg: string };
      pixels.set(await renderSvg(svg, size, name), index * bytes);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return pixels;
}
