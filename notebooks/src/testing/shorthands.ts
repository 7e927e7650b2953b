import typescript from "typescript";

/**
 * Names that a cell uses in shorthand properties and that an earlier cell has declared: tslab forgets them there.
 * `cells` are the sources of a notebook's code cells in order.
 */
export function forgottenShorthands(cells: readonly string[]): string[] {
  const declared = new Set<string>();
  return cells.flatMap((source) => {
    const cell = typescript.createSourceFile("cell.ts", source, typescript.ScriptTarget.Latest, true);
    const forgotten = shorthands(cell).filter((name) => declared.has(name));
    for (const statement of cell.statements)
      if (typescript.isVariableStatement(statement))
        for (const { name } of statement.declarationList.declarations)
          for (const bound of namesOf(name)) declared.add(bound);
    return forgotten;
  });
}

function shorthands(node: typescript.Node): string[] {
  const own = typescript.isShorthandPropertyAssignment(node) ? [node.name.text] : [];
  const below: string[] = [];
  node.forEachChild((child) => void below.push(...shorthands(child)));
  return [...own, ...below];
}

function namesOf(name: typescript.BindingName): string[] {
  if (typescript.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    typescript.isOmittedExpression(element) ? [] : namesOf(element.name),
  );
}
