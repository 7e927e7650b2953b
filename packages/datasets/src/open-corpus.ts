import { openCaptionedFolder } from "./captioned-folder/open-captioned-folder.js";
import type { CorpusConfig } from "./config.js";
import type { Corpus, OpenContext } from "./corpus.js";
import { openPrecomputed } from "./arrays/open-precomputed.js";
import { openCuhkPedes } from "./cuhk-pedes/open-cuhk-pedes.js";
import { openEmojiCorpus } from "./emoji-corpus.js";
import { openFlickr30k } from "./flickr30k/open-flickr30k.js";
import { openFlickr8k } from "./flickr8k/open-flickr8k.js";
import { openMscoco } from "./mscoco/open-mscoco.js";

/**
 * Opens and validates a corpus. Nothing is decoded until training data or images are asked for.
 * Errors: `DatasetError`, naming file, record and remedy; faulty corpora get one error that lists every problem.
 */
export async function openCorpus(config: CorpusConfig, context: OpenContext): Promise<Corpus> {
  switch (config.kind) {
    case "emoji":
      return openEmojiCorpus(config, context);
    case "flickr8k":
      return openFlickr8k(config, context);
    case "captions":
      return openCaptionedFolder(config, context);
    case "flickr30k":
      return openFlickr30k(config, context);
    case "mscoco":
      return openMscoco(config, context);
    case "cuhk-pedes":
      return openCuhkPedes(config, context);
    case "precomputed":
      return openPrecomputed(config, context);
  }
}
