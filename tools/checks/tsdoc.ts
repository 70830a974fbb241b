import { join } from 'node:path';
import ts from 'typescript';
import type { Check } from './check.js';
import { type Package, packages, repository } from './workspace.js';

/** Whatever a library exports says what it is, and so does every method of an exported interface. */
export const tsdoc: Check = {
  name: 'tsdoc',
  run: async () => undocumented((await packages()).filter(isLibrary).flatMap(entriesOf)),
};

/** The API is generated, with the comments that its protos have; the command is no library. */
const isLibrary = ({ name }: Package) => name !== 'api' && name !== 'cli';

/** The sources of what a package exports. */
function entriesOf({ folder, manifest }: Package): string[] {
  return Object.values(manifest.exports ?? {}).flatMap((target) => {
    const source = (target as Record<string, string | undefined>)['@ctrd/source'];
    return source === undefined ? [] : [join(folder, source)];
  });
}

/** The exports of these files, wherever they are declared, that have no comment. */
export function undocumented(entries: readonly string[]): string[] {
  const program = ts.createProgram([...entries], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    customConditions: ['@ctrd/source'],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const exported = entries.flatMap((path) => {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    return module === undefined ? [] : checker.getExportsOfModule(module);
  });
  const symbols = new Set(
    exported.map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    ),
  );
  const isSilent = (symbol: ts.Symbol) => symbol.getDocumentationComment(checker).length === 0;
  return [...symbols].flatMap((symbol) => {
    const [first] = symbol.declarations ?? [];
    if (first === undefined) return [];
    const at = first.getSourceFile().fileName.replace(`${repository}/`, '');
    // What is passed on of the generated API says itself what it is.
    if (at.startsWith('packages/api/')) return [];
    const methods = (symbol.declarations ?? []).flatMap(methodsOf);
    const silent = methods.filter((method) => {
      const named = checker.getSymbolAtLocation(method.name);
      return named !== undefined && isSilent(named);
    });
    return [
      ...(isSilent(symbol) ? [`${at}: ${symbol.name} has no comment`] : []),
      ...silent.map(({ name }) => `${at}: ${symbol.name}.${name.getText()} has no comment`),
    ];
  });
}

/** But for those that a language protocol names, as disposal is. */
function methodsOf(declaration: ts.Declaration): ts.MethodSignature[] {
  if (!ts.isInterfaceDeclaration(declaration)) return [];
  return declaration.members.filter(
    (member): member is ts.MethodSignature =>
      ts.isMethodSignature(member) && !ts.isComputedPropertyName(member.name),
  );
}
