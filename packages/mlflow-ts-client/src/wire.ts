// MLflow's JSON is not proto3 JSON: snake_case names, int64 as numbers, NaN and Infinity as strings.

/** Renames keys to snake_case at every depth and spells NaN and the infinities as the strings that MLflow takes. */
export function toWire(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return mapKeys(value, toSnake, toWire);
}

/** Renames keys to camelCase at every depth. */
export function fromWire(value: unknown): unknown {
  return mapKeys(value, toCamel, fromWire);
}

/** The number behind a metric value of a reply. SQL stores answer +-1.7976931348623157e308 for the infinities. */
export function decodeMetricValue(value: number | string): number {
  const decoded = Number(value);
  return Math.abs(decoded) === Number.MAX_VALUE ? Math.sign(decoded) * Infinity : decoded;
}

function mapKeys(
  value: unknown,
  rename: (key: string) => string,
  recurse: (part: unknown) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map(recurse);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [rename(key), recurse(part)]));
}

function toSnake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toCamel(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
