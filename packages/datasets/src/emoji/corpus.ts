import { readAllArtwork } from "./artwork.js";
import { readCaptions, type Caption } from "./captions.js";
import { readConcepts, type Concept } from "./concepts.js";
import { openRenderCache, type RenderProgress } from "./render-cache.js";
import { assignMembers, type EmojiMembers, type Protocol } from "./protocol.js";
import { readSplit } from "./split.js";

/** What {@link openEmoji} takes. */
export interface EmojiOptions {
  /** Folder of rendered pictures, for example `.dualpath/corpora/emoji`. */
  readonly cacheDirectory: string;
  /** Edge length of the rendered pictures in pixels; default 64. */
  readonly size?: number;
  /** Which of the committed splits: 0, 1 or 2; default 0. */
  readonly splitSeed?: number;
  /** "P1" (default): unseen groups. "P2": seen groups, a vendor and a text source held out. */
  readonly protocol?: Protocol;
  /** Called while pictures are rendered, which happens once for a cache folder. */
  readonly onProgress?: (progress: RenderProgress) => void;
  readonly signal?: AbortSignal;
}

/** The corpus in memory; row i of every image array is one picture. */
export interface EmojiCorpus {
  /** Corpus, protocol and split seed; travels with results. */
  readonly name: string;
  readonly size: number;
  readonly groups: readonly Concept[];
  /** uint8 [n, size, size, 3], transparency on white. */
  readonly images: Uint8Array;
  /** int32 [n], index into `groups`. */
  readonly imageGroup: Int32Array;
  /** int32 [n], index into `vendors`. */
  readonly imageVendor: Int32Array;
  readonly captions: readonly Caption[];
  /** Who trains, validates and tests. */
  readonly members: EmojiMembers;
  /** SHA-256 of the pixels. */
  readonly checksum: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Opens the emoji corpus: concepts drawn by six vendors and described by five sources, from installed npm packages.
 * Errors: `FILE_MISSING`, `FILE_FORMAT` (packages), `SPLIT_UNKNOWN`, `CACHE_WRITE`, `IMAGE_UNDECODABLE`.
 */
export async function openEmoji(options: EmojiOptions): Promise<EmojiCorpus> {
  const { cacheDirectory, size = 64, splitSeed = 0, protocol = "P1", onProgress, signal } = options;
  const groups = readConcepts();
  const split = readSplit(groups, splitSeed);
  const captions = readCaptions(groups);
  const table = readAllArtwork(groups);
  const rendered = await openRenderCache(table, { directory: cacheDirectory, size, onProgress, signal });
  const { group: imageGroup, vendor: imageVendor } = table;
  return {
    name: `emoji ${protocol}, split ${splitSeed}`,
    size,
    groups,
    images: rendered.pixels,
    imageGroup,
    imageVendor,
    captions,
    members: assignMembers({ groups, imageGroup, imageVendor, captions }, split, protocol),
    checksum: rendered.checksum,
    versions: rendered.versions,
  };
}
