import { MlflowValidationError } from "./errors.js";

/** The filter `tags.`name` = 'value'` of MLflow's search language, quoted. */
export function tagEquals(name: string, value: string): string {
  return `tags.${quoteName(name)} = ${quoteText(value)}`;
}

/** The filter `params.`name` = 'value'`, quoted. */
export function paramEquals(name: string, value: string): string {
  return `params.${quoteName(name)} = ${quoteText(value)}`;
}

/** Joins filters with AND; MLflow has no OR. */
export function allOf(...filters: readonly string[]): string {
  return filters.join(" AND ");
}

function quoteName(name: string): string {
  if (name.includes("`")) throw new MlflowValidationError(`filter name '${name}' holds a backtick`, { name });
  return `\`${name}\``;
}

function quoteText(value: string): string {
  if (!value.includes("'")) return `'${value}'`;
  if (!value.includes('"')) return `"${value}"`;
  throw new MlflowValidationError(
    `filter value ${value} holds both kinds of quotes, which MLflow cannot express`,
    {
      value,
    },
  );
}
