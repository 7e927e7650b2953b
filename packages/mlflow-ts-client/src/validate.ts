import { MlflowValidationError } from "./errors.js";
import { limits } from "./limits.js";
import type { Dataset, MetricPoint, Param, Tag } from "./types.js";

const keyAlphabet = /^[\p{L}\p{N}_\-. :/]+$/u;

/**
 * Checks a metric, param or tag key against the server's rules: letters, digits and `_ - . space : /`, at most 250
 * characters, and a normal relative path where it holds slashes.
 * @throws MlflowValidationError naming the key and the first character that is not allowed.
 */
export function validateKey(kind: "metric" | "param" | "tag", key: string): void {
  if (key === "") throw invalid(`${kind} key is empty`, { kind, key });
  if (key.length > limits.keyLength) {
    throw invalid(`${kind} '${key.slice(0, 40)}...': key of ${key.length} characters, at most 250`, {
      kind,
      key,
    });
  }
  if (!keyAlphabet.test(key)) {
    const character = [...key].find((one) => !keyAlphabet.test(one));
    throw invalid(
      `${kind} '${key}': character '${character}' is not allowed: use letters, digits and _ - . space : /`,
      { kind, key, character },
    );
  }
  if (!isNormalPath(key)) {
    throw invalid(`${kind} '${key}': slashes must separate non-empty names other than '.' and '..'`, {
      kind,
      key,
    });
  }
}

/** Checks key, integer step and integer timestamp (milliseconds since 1970). Any number is a value, NaN too. */
export function validateMetric(metric: MetricPoint): void {
  validateKey("metric", metric.key);
  requireInteger(`metric '${metric.key}': step`, metric.step);
  requireInteger(`metric '${metric.key}': timestamp`, metric.timestamp, 0);
  if (typeof metric.value !== "number") {
    throw invalid(`metric '${metric.key}': value: expected a number, got ${String(metric.value)}`, {
      ...metric,
    });
  }
}

/** Checks key and value length (6000 characters; a longer value would be cut by the server without a word). */
export function validateParam(param: Param): void {
  validateKey("param", param.key);
  requireLength(`param '${param.key}'`, param.value, limits.paramValueLength, "log it as an artifact");
}

/** Checks key and value length (8000 characters). */
export function validateTag(tag: Tag): void {
  validateKey("tag", tag.key);
  requireLength(`tag '${tag.key}'`, tag.value, limits.tagValueLength, "shorten it with clipText");
}

/** Checks the lengths of a dataset's fields. */
export function validateDataset(dataset: Dataset): void {
  const place = `dataset '${dataset.name}'`;
  if (dataset.name === "" || dataset.digest === "") {
    throw invalid(`${place}: name and digest must not be empty`, { ...dataset });
  }
  const hint = "shorten it";
  requireLength(`${place}: name`, dataset.name, limits.datasetNameLength, hint);
  requireLength(`${place}: digest`, dataset.digest, limits.datasetDigestLength, "use a shorter digest");
  requireLength(`${place}: source`, dataset.source, limits.datasetSourceLength, hint);
  requireLength(`${place}: schema`, dataset.schema ?? "", limits.datasetSchemaLength, hint);
  requireLength(`${place}: profile`, dataset.profile ?? "", limits.datasetProfileLength, hint);
}

/** Checks an experiment name: not empty, at most 500 characters. */
export function validateExperimentName(name: string): void {
  if (name.trim() === "") throw invalid("experiment name is empty", { name });
  requireLength(`experiment '${name.slice(0, 40)}'`, name, limits.experimentNameLength, "shorten the name");
}

/**
 * Checks a path inside an artifact store: relative, `/` between names, no `.` or `..`, and none of `#`, `%`, `?`,
 * backslash and control characters, which the server or its web page mishandle.
 */
export function validateArtifactPath(path: string): void {
  const character = /[#%?\\]|\p{Cc}/u.exec(path)?.[0];
  if (character !== undefined) {
    throw invalid(`artifact path '${path}': character ${JSON.stringify(character)} is not allowed`, { path });
  }
  if (!isNormalPath(path)) {
    throw invalid(`artifact path '${path}': expected a relative path without empty, '.' or '..' parts`, {
      path,
    });
  }
}

/** Cuts a text to a limit and marks the cut with an ellipsis; texts within the limit pass unchanged. */
export function clipText(text: string, maximum: number = limits.tagValueLength): string {
  return text.length <= maximum ? text : `${text.slice(0, maximum - 1)}…`;
}

function isNormalPath(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function requireInteger(place: string, value: number, minimum = Number.MIN_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw invalid(`${place}: expected an integer, got ${value}`, { value });
}

function requireLength(place: string, value: string, maximum: number, hint: string): void {
  if (value.length <= maximum) return;
  throw invalid(`${place}: ${value.length} characters, at most ${maximum}; ${hint}`, {
    length: value.length,
    maximum,
  });
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): MlflowValidationError {
  return new MlflowValidationError(message, details);
}
