import type { TextVectorsConfig } from "../config.js";
import { DatasetError } from "../errors.js";
import type { PrincipalSubspace } from "../linear-algebra/principal-subspace.js";
import { readArrays, writeArrays, type ArrayFile, type NamedArray } from "./array-file.js";
import type { FisherModel } from "./fisher-transform.js";
import { fisherDimension } from "./fisher-vector.js";
import { parseTfIdf, type TfIdf } from "./tf-idf.js";

/** What text vectors were fitted to; mean word vectors are fitted to nothing. */
export type FittedTexts =
  | { readonly kind: "mean-words" }
  | { readonly kind: "tf-idf"; readonly tfIdf: TfIdf }
  | { readonly kind: "fisher"; readonly model: FisherModel; readonly subspace?: PrincipalSubspace };

/** Which texts a fit is for: a config that has another rule cannot use it. */
export interface FittingRule {
  readonly config: TextVectorsConfig;
  readonly lowerCase: boolean;
  /** Numbers of a word vector; 0 where none are used. */
  readonly wordDimension: number;
}

const FORMAT = "dualpath-text-transform";

const inWords = ({ config, lowerCase, wordDimension }: FittingRule): string =>
  JSON.stringify({ ...config, lowerCase, wordDimension });

/** Writes a fit as safetensors, to be kept beside the checkpoints that depend on it. */
export function writeFittedTexts(file: string, fitted: FittedTexts, rule: FittingRule): Promise<void> {
  const own = { format: FORMAT, rule: inWords(rule) };
  if (fitted.kind === "fisher") return writeArrays(file, { metadata: own, arrays: fisherArrays(fitted) });
  const tfIdf = fitted.kind === "tf-idf" ? { tfIdf: JSON.stringify(fitted.tfIdf) } : {};
  return writeArrays(file, { metadata: { ...own, ...tfIdf }, arrays: {} });
}

/**
 * Reads a fit. Errors: `FILE_MISSING`, `FILE_FORMAT` for a damaged one, `VOCABULARY_MISMATCH` for one that was made
 * by another rule.
 */
export async function readFittedTexts(file: string, rule: FittingRule): Promise<FittedTexts> {
  return fittedTextsOf(await readArrays(file), rule, file);
}

/** A fit from what its file holds; `source` names it in errors. */
export function fittedTextsOf(content: ArrayFile, rule: FittingRule, source: string): FittedTexts {
  const { metadata } = content;
  if (metadata["format"] !== FORMAT) throw malformed(source, "holds no fitted text transform");
  if (metadata["rule"] !== inWords(rule))
    throw new DatasetError(
      "VOCABULARY_MISMATCH",
      `${source}: was fitted for ${metadata["rule"]}, not for ${inWords(rule)}; ` +
        "use the text section that it was fitted with, or train again",
      { file: source },
    );
  const { config } = rule;
  if (config.kind === "mean-words") return { kind: "mean-words" };
  if (config.kind === "fisher") return fisherOf(content, rule, source);
  return { kind: "tf-idf", tfIdf: tfIdfOf(metadata["tfIdf"] ?? "", source) };
}

const malformed = (source: string, what: string): DatasetError =>
  new DatasetError("FILE_FORMAT", `${source}: ${what}; train again`, { file: source });

function tfIdfOf(json: string, source: string): TfIdf {
  try {
    return parseTfIdf(JSON.parse(json), source);
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw malformed(source, "holds no readable tf-idf");
  }
}

function fisherArrays({ model, subspace }: Extract<FittedTexts, { kind: "fisher" }>) {
  const { components, mixture } = model;
  const { centres, dimension } = mixture;
  const table = (data: NamedArray["data"]): NamedArray => ({ shape: [centres, dimension], data });
  const rows = subspace?.basis.rows ?? 0;
  const basis = (subspace?.basis.blocks ?? []).map(
    ({ width, data }, index) => [`basis.${index}`, { shape: [rows, width], data }] as const,
  );
  return {
    mean: { shape: [dimension], data: components.mean },
    unmixing: { shape: [dimension, dimension], data: components.unmixing },
    weights: { shape: [centres], data: mixture.weights },
    gaussian: table(mixture.gaussian),
    location: table(mixture.location),
    spread: table(mixture.spread),
    ...(subspace && { centre: { shape: [rows], data: subspace.mean } }),
    ...Object.fromEntries(basis),
  };
}

function fisherOf({ arrays }: ArrayFile, rule: FittingRule, source: string): FittedTexts {
  const { config, wordDimension: dimension } = rule;
  if (config.kind !== "fisher") throw malformed(source, "holds no Fisher vectors' model");
  const { centres } = config;
  const take = <T extends NamedArray["data"]>(
    name: string,
    shape: readonly number[],
    Type: new () => T,
  ): T => {
    const array = arrays[name];
    const fits = array?.data instanceof Type && String(array.shape) === String(shape);
    const good = fits && (array.data as Float32Array).every((value) => Number.isFinite(value));
    if (!good) throw malformed(source, `'${name}' is not what the config tells`);
    return array.data as T;
  };
  const positive = (name: string, shape: readonly number[]): Float64Array => {
    const values = take(name, shape, Float64Array);
    if (values.every((value) => value > 0)) return values;
    throw malformed(source, `'${name}' has a number that is not above 0`);
  };
  const table = [centres, dimension];
  const mixture = {
    ...{ centres, dimension },
    weights: positive("weights", [centres]),
    gaussian: take("gaussian", table, Uint8Array),
    location: take("location", table, Float64Array),
    spread: positive("spread", table),
  };
  const components = {
    dimension,
    mean: take("mean", [dimension], Float32Array),
    unmixing: take("unmixing", [dimension, dimension], Float32Array),
  };
  const model = { components, mixture };
  if (config.components === "all") return { kind: "fisher", model };
  const rows = fisherDimension(mixture);
  const blocks: { width: number; data: Float32Array }[] = [];
  for (let columns = 0; columns < config.components; columns += blocks.at(-1)!.width) {
    const name = `basis.${blocks.length}`;
    const width = arrays[name]?.shape[1] ?? 0;
    if (width < 1 || columns + width > config.components) throw malformed(source, `'${name}' does not fit`);
    blocks.push({ width, data: take(name, [rows, width], Float32Array) });
  }
  const mean = take("centre", [rows], Float32Array);
  return { kind: "fisher", model, subspace: { mean, basis: { rows, columns: config.components, blocks } } };
}
