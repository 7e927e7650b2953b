import type { Recalls, Scores } from "../trial/scores.js";

/** Scores of a row, measured or published; papers leave out what they did not report. */
export type ShownScores = Omit<Scores, "imageToText" | "textToImage"> & {
  readonly imageToText: Recalls | null;
  readonly textToImage: Recalls | null;
};

/** Columns of a table of scores: their names, and the cells of a row below them. */
export interface ScoreColumns {
  readonly header: readonly string[];
  readonly cells: (row: ShownScores) => readonly string[];
}

const DIRECTION = ["R@1", "R@5", "R@10", "median", "strict"];
const PRECISION = ["mAP", "trapezoid", "mINP"];

/**
 * Recalls and both median ranks, image to text (i2t) and text to image (t2i), then the precision over all matches where
 * any of the rows has it. One decimal; a dash for what a row lacks.
 */
export function scoreColumns(rows: readonly ShownScores[]): ScoreColumns {
  const precise = rows.some(({ precision }) => precision !== undefined);
  const [first, ...others] = DIRECTION;
  const header = ["i2t", "t2i"].flatMap((name) => [`${name} ${first}`, ...others]);
  return {
    header: precise ? [...header, ...PRECISION] : header,
    cells: (row) => [...directions(row), ...(precise ? precisionCells(row) : [])],
  };
}

const directions = ({ imageToText, textToImage, medianRanks }: ShownScores): string[] => [
  ...directionCells(imageToText, medianRanks?.imageToText),
  ...directionCells(textToImage, medianRanks?.textToImage),
];

type Medians = NonNullable<Scores["medianRanks"]>["imageToText"];

const directionCells = (recalls: Recalls | null, medians: Medians | undefined): string[] =>
  [recalls?.r1, recalls?.r5, recalls?.r10, medians?.medianRank, medians?.medianRankStrict].map(shown);

const precisionCells = ({ precision }: ShownScores): string[] =>
  [precision?.meanAveragePrecision, precision?.trapezoidalPrecision, precision?.inverseNegativePenalty].map(
    shown,
  );

const shown = (value: number | undefined): string => (value === undefined ? "-" : value.toFixed(1));
