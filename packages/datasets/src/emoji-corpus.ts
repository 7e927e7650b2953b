import { join } from "node:path";
import { assembleCorpus } from "./assemble-corpus.js";
import type { CorpusReport } from "./captions/caption-set.js";
import type { EmojiConfig } from "./config.js";
import type { Corpus, OpenContext } from "./corpus.js";
import { openEmoji, type EmojiCorpus } from "./emoji/corpus.js";
import type { PartMembers } from "./emoji/protocol.js";
import { vendors } from "./emoji/vendors.js";
import { memoryImages } from "./loader/image-rows.js";
import type { Split } from "./loader/split.js";

function splitOf(corpus: string, part: PartMembers): Split {
  return {
    name: `${corpus}/${part.name}`,
    images: { rows: part.images, labels: part.imageLabels },
    texts: { rows: part.captions, labels: part.captionLabels },
    galleries: part.galleries,
  };
}

function reportOf({ name, members, imageGroup, captions }: EmojiCorpus): CorpusReport {
  const counts = ({ images, captions: texts }: PartMembers) => ({
    images: images.length,
    captions: texts.length,
  });
  return {
    name,
    images: imageGroup.length,
    captions: captions.length,
    splits: {
      train: counts(members.train),
      validation: counts(members.validation),
      test: counts(members.test),
    },
    skipped: [],
    warnings: [],
  };
}

function imageNamesOf({ groups, imageGroup, imageVendor }: EmojiCorpus): string[] {
  return Array.from(
    imageGroup,
    (group, row) => `${vendors[imageVendor[row] as number]}/${groups[group]?.key}`,
  );
}

/** The loader's view of the emoji corpus: a class is a concept, any drawing of it pairs with any of its captions. */
export async function assembleEmoji(
  emoji: EmojiCorpus,
  config: EmojiConfig,
  context: OpenContext,
): Promise<Corpus> {
  const { members, images, name, size } = emoji;
  const rowBytes = size * size * 3;
  const parts = {
    report: reportOf(emoji),
    classes: members.classes,
    imageNames: imageNamesOf(emoji),
    captions: emoji.captions.map(({ text }) => text),
    train: splitOf(name, members.train),
    evaluation: { validation: splitOf(name, members.validation), test: splitOf(name, members.test) },
    decoding: { size: [size, size], fit: "cover" } as const,
    openImages: async () => memoryImages(images, [size, size, 3]),
    picture: async (row: number) => ({
      data: images.slice(row * rowBytes, (row + 1) * rowBytes),
      height: size,
      width: size,
    }),
  };
  return assembleCorpus(parts, config, context);
}

/** Opens the emoji corpus; its pictures are rendered the first time. */
export async function openEmojiCorpus(config: EmojiConfig, context: OpenContext): Promise<Corpus> {
  const { onProgress, signal } = context;
  const report = onProgress && {
    onProgress: (progress: { done: number; total: number }) =>
      onProgress({ task: "rendering emoji", ...progress }),
  };
  const emoji = await openEmoji({
    cacheDirectory: join(context.cacheDirectory, "emoji"),
    size: config.image.size,
    splitSeed: config.splitSeed,
    protocol: config.protocol,
    ...report,
    ...(signal && { signal }),
  });
  return assembleEmoji(emoji, config, context);
}
