import type { Value } from "../graph/graph.js";
import { affine, matmul, mean, rankingHinge, sqrt } from "../ops/index.js";
import type { EmbeddedPairs } from "./ranking.js";
import { STRUCTURE_FAMILIES, type StructureLossConfig } from "./schema.js";

/** Added to squared distances, as in the code of paper B: keeps the gradient of equal vectors finite. */
const DISTANCE_EPSILON = 1e-4;

/** One family of triplets: rank-0 value and the configured weight. */
export interface StructureTerm {
  readonly family: (typeof STRUCTURE_FAMILIES)[number];
  readonly value: Value;
  readonly weight: number;
}

/** Anchors against candidates, with the candidates of an anchor's class, itself not counted. */
interface Family {
  readonly anchors: Value;
  readonly candidates: Value;
  readonly anchorLabel: Value;
  readonly candidateLabel: Value;
  readonly positives: number;
  readonly within: boolean;
}

/**
 * Paper B, equations 1 to 4: hinges margin + d(anchor, positive) - d(anchor, negative) over the batch, for
 * images against texts, texts against images, and each view within itself. Rows of one class are positives
 * and never negatives. Unit vectors: images [classes * a, D], texts [classes * b, D] with equal shares of
 * `classes` classes. A family's value is the mean over anchors of the sum of the K kept violations or,
 * keeping by positive, the mean over pairs of anchor and positive and over the K places, zeros included;
 * families of weight 0 are left out. Throws SHAPE or DTYPE for vectors or labels of other types, GRAPH for
 * values of two graphs.
 */
export function structureTerms(
  pairs: EmbeddedPairs,
  classes: number,
  config: StructureLossConfig,
): StructureTerm[] {
  const families = familiesOf(pairs, classes);
  return STRUCTURE_FAMILIES.filter((family) => config[family] > 0).map((family) => ({
    family,
    value: familyLoss(families[family], config, `structure.${family}`),
    weight: config[family],
  }));
}

function familiesOf(
  { image, text, imageLabel, textLabel }: EmbeddedPairs,
  classes: number,
): Record<StructureTerm["family"], Family> {
  const images = { rows: image, label: imageLabel, share: image.shape[0]! / classes };
  const texts = { rows: text, label: textLabel, share: text.shape[0]! / classes };
  const family = (anchors: typeof images, candidates: typeof images): Family => ({
    anchors: anchors.rows,
    candidates: candidates.rows,
    anchorLabel: anchors.label,
    candidateLabel: candidates.label,
    positives: candidates.share - Number(anchors === candidates),
    within: anchors === candidates,
  });
  return {
    imageToText: family(images, texts),
    textToImage: family(texts, images),
    images: family(images, images),
    texts: family(texts, texts),
  };
}

function familyLoss(family: Family, config: StructureLossConfig, name: string): Value {
  const { margin, violations, keep } = config;
  const closeness = affine(distances(family.anchors, family.candidates, name), { multiply: -1 });
  const attributes = {
    margin,
    mining: keep === "anchor" ? "topk" : "topk-each",
    k: violations,
    excludeDiagonal: family.within,
  } as const;
  const rows = rankingHinge(closeness, family.anchorLabel, family.candidateLabel, attributes, `${name}.rows`);
  const places = keep === "anchor" ? 1 : violations * Math.max(1, family.positives);
  return affine(mean(rows, { axes: [0] }, `${name}.mean`), { multiply: 1 / places }, name);
}

/** sqrt(|a - b|^2 + epsilon) of all pairs of unit rows, [N, M]. */
function distances(a: Value, b: Value, name: string): Value {
  const cosine = matmul(a, b, { transposeB: true }, `${name}.cosine`);
  return sqrt(affine(cosine, { multiply: -2, add: 2 + DISTANCE_EPSILON }), `${name}.distance`);
}
