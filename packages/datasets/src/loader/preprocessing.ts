import type { Fit } from "../image/decode.js";

/** How new photos and sentences become inputs like those of training; a part is absent where these were vectors. */
export interface Preprocessing {
  readonly image?: {
    /** [height, width] that a photo is decoded to. */
    readonly size: readonly [number, number];
    readonly fit: Fit;
    /** Share of the decoded photo, around its centre, that is looked at. */
    readonly area: number;
  };
  readonly text?: {
    /** Word ids of a sentence, pads counted; later words are cut off. */
    readonly length: number;
    /** Where the words lie between left (0) and right (1). */
    readonly position: number;
    readonly lowerCase: boolean;
    /** Word k has the id k + 1. */
    readonly words: readonly string[];
  };
}
