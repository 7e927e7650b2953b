import { splitKind } from "../report/same-split.js";
import { formatMarkdown } from "../report/table.js";
import type { ResultRow } from "../trial/result.js";
import { recallSum, type Arm, type Comparison, type Evidence } from "./evidence.js";
import { spreadOf, STANDARD_ERRORS, type Spread, type Verdict } from "./statistics.js";

/** A claim's section of the page: its config's name, what was found, where its plot lies as seen from the page. */
export interface ClaimSection {
  readonly config: string;
  readonly evidence: Evidence;
  readonly plot: string | undefined;
}

const INTRODUCTION = `# What the papers claim, measured here

Every section is one sweep: the same model and data, one thing varied, several seeds. A dot is a seed, the mark their
mean, the whisker one standard deviation. Seeds are compared in pairs, by the sum of the six recalls: a claim _holds_
where the mean difference exceeds ${STANDARD_ERRORS} of its standard errors, _does not hold_ where the opposite does,
and is _open_ between. The page is made by \`npx nx run experiments:claims\` from finished sweeps.
`;

/** The page on all claims, in Markdown. */
export function claimsPage(sections: readonly ClaimSection[]): string {
  return [INTRODUCTION, summary(sections), ...sections.map(sectionText)].join("\n");
}

const JUDGEMENT: Readonly<Record<Verdict, string>> = {
  holds: "holds",
  open: "open",
  fails: "does not hold",
};

const judgement = ({ verdict }: Evidence): string =>
  verdict === undefined ? "not measured yet" : JUDGEMENT[verdict];

function summary(sections: readonly ClaimSection[]): string {
  const rows = sections.map(({ config, evidence }) => [
    evidence.claim.statement,
    [...new Set(splitsOf(evidence.arms).map((split) => splitKind(split)))].join("; ") || "-",
    `**${judgement(evidence)}**`,
    `\`${config}\``,
  ]);
  return `${formatMarkdown({ header: ["claim", "measured on", "here", "config"], rows })}\n`;
}

function sectionText({ config, evidence, plot }: ClaimSection): string {
  const { claim, arms, comparisons, planned, finished } = evidence;
  const measured = arms.filter(({ repetitions }) => repetitions.length > 0);
  const parts = [
    `## ${claim.statement} (${config})`,
    `\`npx nx run experiments:sweep -- --config ${config}\``,
  ];
  if (plot !== undefined) parts.push(`![${claim.statement}](${plot})`);
  if (measured.length > 0) parts.push(formatMarkdown({ header: HEADER, rows: measured.map(armCells) }));
  parts.push(...comparisons.map(comparisonText));
  if (finished < planned || planned === 0) parts.push(`${finished} of ${planned} trials are finished.`);
  if (measured.length > 0) parts.push(`Measured on ${splitsOf(measured).join("; ")}.`);
  return `${parts.join("\n\n")}\n`;
}

const HEADER = ["", "seeds", "i2t R@1", "R@5", "R@10", "t2i R@1", "R@5", "R@10", "sum", "seconds"];

function armCells({ name, repetitions }: Arm): string[] {
  const spread = (pick: (row: ResultRow) => number): string =>
    shown(spreadOf(repetitions.map(({ row }) => pick(row))));
  const seconds = spreadOf(repetitions.map((repetition) => repetition.seconds)).mean;
  return [
    name,
    String(repetitions.length),
    ...RECALLS.map((recall) => spread(({ imageToText }) => imageToText[recall])),
    ...RECALLS.map((recall) => spread(({ textToImage }) => textToImage[recall])),
    spread(recallSum),
    seconds.toFixed(0),
  ];
}

const RECALLS = ["r1", "r5", "r10"] as const;

const shown = ({ mean, deviation }: Spread): string =>
  deviation === undefined ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`;

function comparisonText({ better, worse, difference, verdict }: Comparison): string {
  const { mean } = difference;
  const sign = mean < 0 ? "" : "+";
  const pairs = `${difference.count} ${difference.count === 1 ? "pair" : "pairs"} of seeds`;
  return `_${better}_ against _${worse}_: ${sign}${shown(difference)} over ${pairs} - **${JUDGEMENT[verdict]}**.`;
}

function splitsOf(arms: readonly Arm[]): string[] {
  const splits = arms.flatMap(({ repetitions }) => repetitions.map(({ row }) => row.split));
  return [...new Set(splits)].sort();
}
