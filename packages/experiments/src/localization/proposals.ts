import { resolve } from "node:path";
import { boxAt, gridProposals, openProposals, type EntitiesImage, type PixelBox } from "@dualpath/datasets";
import type { ProposalsConfig } from "./config.js";
import type { Region } from "./regions.js";

/** Boxes of one image to choose from, best first where their program ranks them. */
export type ProposalSource = (image: EntitiesImage) => Promise<readonly PixelBox[]>;

/** Opens the configured proposals; relative paths start in `folder`. */
export async function proposalSource(config: ProposalsConfig, folder: string): Promise<ProposalSource> {
  const boxesOf = await packedSource(config, folder);
  return async (image) => {
    const packed = await boxesOf(image);
    const count = Math.min(config.most, packed.length / 4);
    return Array.from({ length: count }, (_, index) => boxAt(packed, index));
  };
}

async function packedSource(config: ProposalsConfig, folder: string) {
  if (config.kind === "file") {
    const { form, base, most } = config;
    const read = await openProposals(resolve(folder, config.path), { form, base, most });
    return ({ id }: EntitiesImage) => read(id);
  }
  const { scales, aspects, step } = config;
  const options = { ...(scales && { scales }), ...(aspects && { aspects }), ...(step && { step }) };
  return async (image: EntitiesImage) => gridProposals(image, options);
}

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
