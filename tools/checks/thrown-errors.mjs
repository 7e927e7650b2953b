// Holds the docstrings of core: a public function from which a throw can be reached names the error.
import { relative, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");
const core = resolve(root, "packages/core");
const face = resolve(core, "src/index.ts");
/** Must be refused, or the check is idle. */
const silent = resolve(root, "tools/fixtures/throws-unsaid.ts");

const { options } = ts.parseJsonConfigFileContent({ extends: "./tsconfig.lib.json" }, ts.sys, core);
const program = ts.createProgram([face, silent], { ...options, rootDir: root });
const checker = program.getTypeChecker();

/** What a call, a `new` or the reading of a getter runs. */
function calledBy(node) {
  if (ts.isCallExpression(node) || ts.isNewExpression(node))
    return checker.getResolvedSignature(node)?.declaration;
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  return checker.getSymbolAtLocation(node)?.declarations?.find(ts.isGetAccessor);
}

const hasTag = (node, tag) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === tag);

/** A declaration of another package, which has no body here, throws where it says so, and zod's `parse` does. */
const isSaidToThrow = (node) =>
  hasTag(node, "throws") ||
  (node.name?.getText() === "parse" && node.getSourceFile().fileName.includes("/zod/"));

/** A function that is not handed to a call runs where it is called by its name, or later, if at all. */
const waits = (node) => ts.isFunctionLike(node) && !ts.isCallExpression(node.parent);

/** Whether the code below a node can throw; `seen` holds the declarations that were looked into. */
function throws(node, seen) {
  if (ts.isThrowStatement(node)) return true;
  if (waits(node)) return false;
  return canThrow(calledBy(node), seen) || ts.forEachChild(node, (child) => throws(child, seen)) === true;
}

function canThrow(declaration, seen = new Set()) {
  if (declaration === undefined || seen.has(declaration)) return false;
  seen.add(declaration);
  return declaration.body ? throws(declaration.body, seen) : isSaidToThrow(declaration);
}

const isPublic = (member) =>
  !ts.isPrivateIdentifier(member.name ?? member) &&
  (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0 &&
  !hasTag(member, "internal");

/** A declaration's public functions that can throw. */
function throwers(declaration) {
  if (ts.isClassDeclaration(declaration))
    return declaration.members.filter(isPublic).filter((one) => canThrow(one));
  return canThrow(declaration.initializer ?? declaration) ? [declaration] : [];
}

/** A code, the class of an error without one, or the word that there is none after all. */
const NAMED = /\b[Tt]hrows\b[^.]*\b([A-Z]{4,}(_[A-Z]+)*|ZodError|TypeError|RangeError|nothing)\b/;

const namesError = (node) =>
  ts.getJSDocCommentsAndTags(node).some((doc) => NAMED.test(doc.getText().replace(/\s+\*?\s*/g, " ")));

/** Public functions of a file that throw without a word. */
const unsaid = (file) =>
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
    .map((one) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one))
    .flatMap(({ declarations = [] }) => declarations.flatMap(throwers))
    .filter((node) => !namesError(node));

const found = unsaid(face);
for (const node of found) {
  const place = `${relative(root, node.getSourceFile().fileName)}: '${node.name?.getText() ?? "constructor"}'`;
  console.error(`${place} can throw; name the error in its docstring`);
}
const idle = unsaid(silent).length === 0;
if (idle) console.error("The fixture that throws without a word was not found: the check is idle.");
process.exit(found.length > 0 || idle ? 1 : 0);
