/** Paper A, 1.3: captions are split on `-`, space, `.`, `,`, `(`, `)`, on COCO also `?`; runs count once. */
export const separators = /[\s\-.,()?]+/u;

/** How captions become words. */
export interface TokenizerOptions {
  /** Fold letter case. The paper keeps it; word vectors that are all lower case want it folded. */
  readonly lowerCase: boolean;
}

/** The words of a caption, in order. */
export function tokenize(caption: string, options: TokenizerOptions): string[] {
  const text = options.lowerCase ? caption.toLowerCase() : caption;
  return text
    .normalize("NFC")
    .split(separators)
    .filter((word) => word !== "");
}
