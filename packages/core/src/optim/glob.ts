/**
 * Globs over parameter names: `*` matches within one dotted part, `**` across parts, `{a,b}` one of several.
 * A glob without wildcard also matches everything below it: "image.trunk" means "image.trunk.**".
 */
export function matchesGlob(pattern: string, name: string): boolean {
  return compile(pattern).test(name);
}

/** True when any of the globs matches the name. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, name));
}

const compiled = new Map<string, RegExp>();

function compile(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const body = pattern
    .split(/(\*\*|\*|\{[^{}]*\})/)
    .map(partSource)
    .join("");
  const expression = new RegExp(`^${body}${/[*{]/.test(pattern) ? "" : "(\\..*)?"}$`);
  compiled.set(pattern, expression);
  return expression;
}

function partSource(part: string): string {
  if (part === "**") return ".*";
  if (part === "*") return "[^.]*";
  if (part.startsWith("{") && part.endsWith("}")) {
    return `(?:${part.slice(1, -1).split(",").map(escape).join("|")})`;
  }
  return escape(part);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
