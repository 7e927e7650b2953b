import { join, sep } from "node:path";
import type compiler from "typescript";
import { workspaceRoot } from "../session/workspace.js";

/** Something that a compiler has complained about. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** How a project that imports the packages may be set up. */
export type Resolution = "nodenext" | "node";

/**
 * Compiles a source that imports this repository's packages, and checks their declarations with it, with any version of
 * TypeScript. Complaints about declarations of other packages are left out.
 */
export function compile(typescript: typeof compiler, source: string, resolution: Resolution): Complaint[] {
  const file = join(workspaceRoot(), "notebooks", "consumer.mts");
  const options = optionsOf(typescript, resolution);
  const host = typescript.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file
      ? typescript.createSourceFile(path, source, typescript.ScriptTarget.ES2022)
      : getSourceFile(path, ...rest);
  const program = typescript.createProgram({ rootNames: [file], options, host });
  return typescript
    .getPreEmitDiagnostics(program)
    .filter((diagnostic) => diagnostic.file === undefined || isOwn(diagnostic.file.fileName))
    .map((diagnostic) => complaint(typescript, diagnostic));
}

function optionsOf(typescript: typeof compiler, resolution: Resolution): compiler.CompilerOptions {
  const { ModuleKind, ModuleResolutionKind } = typescript;
  const modules =
    resolution === "nodenext"
      ? { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext }
      : { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Node10 };
  return {
    ...modules,
    target: typescript.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    types: ["node"],
    strict: true,
    noEmit: true,
  };
}

const isOwn = (path: string): boolean =>
  !path.includes(`${sep}node_modules${sep}`) && !path.includes(`${sep}lib.`);

function complaint(
  typescript: typeof compiler,
  { file, start = 0, messageText }: compiler.Diagnostic,
): Complaint {
  return {
    file: file?.fileName ?? "",
    line: file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1,
    message: typescript.flattenDiagnosticMessageText(messageText, "\n"),
  };
}
