// Empties the outputs of the notebooks, so that only what people wrote is kept in git: node tools/jupyter/clean.mjs
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(import.meta.dirname, "../../notebooks");

function cleaned(cell) {
  const { cell_type, id, source } = cell;
  return cell_type === "code"
    ? { cell_type, execution_count: null, id, metadata: {}, outputs: [], source }
    : { cell_type, id, metadata: {}, source };
}

const kernelspec = { display_name: "TypeScript (tslab)", language: "typescript", name: "tslab" };
const language_info = { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" };

for (const name of readdirSync(folder).filter((file) => file.endsWith(".ipynb"))) {
  const notebook = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const cells = notebook.cells.map(cleaned);
  const clean = { cells, metadata: { kernelspec, language_info }, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(folder, name), `${JSON.stringify(clean, null, 1)}\n`);
}
