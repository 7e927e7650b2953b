import { resolve } from "node:path";
import { boxAt, gridProposals, openProposals, type EntitiesImage, type PixelBox } from "@dualpath/datasets";
import type { ProposalsConfig } from "./config.js";
import type { Region } from "./regions.js";

/** Boxes of one image to choose from, best first where their program ranks them. */
export type ProposalSource = (image: EntitiesImage) => Promise<readonly PixelBox[]>;

/** Opens the configured proposals; relative paths start in `folder`. */
export async function proposalSource(config: ProposalsConfig, folder: string): Promise<ProposalSource> {
  return config.kind === "grid" ? gridSource(config) : fileSource(config, folder);
}

/** A program's boxes come best first: the first ones are kept. */
async function fileSource({ path, form, base, most }: FileConfig, folder: string): Promise<ProposalSource> {
  const read = await openProposals(resolve(folder, path), { form, base, most });
  return async ({ id }) => boxesOf(await read(id));
}

/** A grid's boxes come by size and place, none better than another: a part of them is taken evenly. */
function gridSource({ scales, aspects, step, most = Infinity }: GridConfig): ProposalSource {
  const options = { ...(scales && { scales }), ...(aspects && { aspects }), ...(step && { step }) };
  return async (image) => spread(boxesOf(gridProposals(image, options)), most);
}

type GridConfig = Extract<ProposalsConfig, { kind: "grid" }>;
type FileConfig = Extract<ProposalsConfig, { kind: "file" }>;

const boxesOf = (packed: Float32Array): readonly PixelBox[] =>
  Array.from({ length: packed.length / 4 }, (_, index) => boxAt(packed, index));

/** The proposals of some images one after another: those of image k are `offsets[k] .. offsets[k + 1]`. */
export interface ProposedRegions {
  readonly regions: readonly Region[];
  readonly offsets: readonly number[];
}

export async function proposedRegions(
  images: readonly EntitiesImage[],
  source: ProposalSource,
  most = Infinity,
): Promise<ProposedRegions> {
  const regions: Region[] = [];
  const offsets = [0];
  for (const image of images) {
    for (const box of spread(await source(image), most)) regions.push({ image, box });
    offsets.push(regions.length);
  }
  return { regions, offsets };
}

/** At most so many of them, evenly from first to last. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]!);
}
