import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from './check.js';
import { filesBelow, packages, repository, type SourceFile } from './workspace.js';

/** `<!-- from PATH#region -->` and the code block after it. */
const quote = /(<!-- from (\S+?)(?:#(\S+))? -->\n+```\w*\n)([\s\S]*?)(?<=\n)(```)/g;

/**
 * Code in the documents is quoted from files that are compiled and run. `--fix` copies the files'
 * text into the documents.
 */
export const quotes: Check = {
  name: 'quotes',
  run: async ({ fix }) => {
    const problems: string[] = [];
    for (const document of await documents()) {
      const quoted = await requote(document);
      problems.push(...quoted.problems);
      if (quoted.text === document.text) continue;
      if (fix) await writeFile(join(repository, document.path), quoted.text);
      else
        problems.push(`${document.path}: a quotation is not what its file says (--fix mends it)`);
    }
    return problems;
  },
};

/** The document with its quotations as they should be. */
export async function requote(
  { path, text }: SourceFile,
  read = (source: string) => readFile(join(repository, source), 'utf8'),
): Promise<SourceFile & { problems: string[] }> {
  const problems: string[] = [];
  let result = '';
  let end = 0;
  for (const match of text.matchAll(quote)) {
    const [all, head = '', source = '', name, body = '', tail = ''] = match;
    const wanted = await read(source).then(
      (content) => region(content, name),
      () => undefined,
    );
    if (wanted === undefined) {
      problems.push(`${path}: there is no ${source}${name === undefined ? '' : `#${name}`}`);
    }
    result += text.slice(end, match.index) + head + (wanted ?? body) + tail;
    end = match.index + all.length;
  }
  // A marker that introduces no block would never be checked.
  const markers = text.match(/^<!-- from /gm)?.length ?? 0;
  const blocks = [...text.matchAll(quote)].length;
  if (markers !== blocks) problems.push(`${path}: a quotation has no code block after it`);
  return { path, text: result + text.slice(end), problems };
}

/** The lines of a region, or the whole text; without the markers of regions, and not indented. */
export function region(text: string, name: string | undefined): string | undefined {
  const lines = text.trimEnd().split('\n');
  let body = lines;
  if (name !== undefined) {
    const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
    if (start < 0) return undefined;
    const length = lines.slice(start).findIndex((line) => /^\/\/ #endregion/.test(line.trim()));
    body = lines.slice(start + 1, length < 0 ? undefined : start + length);
  }
  const kept = body.filter((line) => !/^\s*\/\/ #(end)?region/.test(line));
  const indents = kept.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = indents.length === 0 ? 0 : Math.min(...indents);
  return `${kept.map((line) => line.slice(indent)).join('\n')}\n`;
}

async function documents(): Promise<SourceFile[]> {
  const own = (await packages()).map(({ name }) => `packages/${name}`);
  const found = await Promise.all(['docs', 'examples', ...own].map((f) => filesBelow(f, /\.md$/)));
  const top = await Promise.all(
    ['README.md', 'CONTRIBUTING.md'].map(async (path) => ({
      path,
      text: await readFile(join(repository, path), 'utf8').catch(() => ''),
    })),
  );
  return [...top, ...found.flat()];
}
