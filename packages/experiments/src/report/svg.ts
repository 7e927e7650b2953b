const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as it may stand in SVG; control characters, which have no place in XML at all, become spaces. */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u001f\ufffe\uffff]/g, " ")
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
