import { z } from "zod";

const share = z.number().min(0).max(1);

/** How new photos and sentences become a model's inputs; each part is absent where the data were vectors already. */
export const preprocessingSchema = z.strictObject({
  image: z
    .strictObject({
      /** [height, width] that a photo is decoded to. */
      size: z.tuple([z.int().positive(), z.int().positive()]).readonly(),
      /** "squash" stretches to the size, "cover" cuts the centre out. */
      fit: z.enum(["squash", "cover"]),
      /** Share of the decoded photo, around its centre, that is looked at. */
      area: share,
    })
    .optional(),
  text: z
    .strictObject({
      /** Word ids of a sentence, pads counted; later words are cut off. */
      length: z.int().positive(),
      /** Where the words lie between left (0) and right (1). */
      position: share,
      lowerCase: z.boolean(),
      /** Word k has the id k + 1. */
      words: z.array(z.string()).readonly(),
    })
    .optional(),
});

/**
 * How new photos and sentences become a model's input.
 * @interface
 */
export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** The views that evaluation adds up for one embedding. */
export const viewsSchema = z.strictObject({
  flip: z.boolean(),
  positions: z.union([z.int().positive(), z.array(share).min(1), z.literal("all")]),
  unitViews: z.boolean(),
  /** Every place of the whole picture, averaged; not with features. */
  convolutional: z.boolean().optional(),
});

/**
 * Views of a photo or sentence whose features are added.
 * @interface
 */
export type Views = z.infer<typeof viewsSchema>;
