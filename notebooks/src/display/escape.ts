const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as it may stand in SVG and HTML; control characters become spaces. */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u001f\ufffe\uffff]/g, " ")
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
