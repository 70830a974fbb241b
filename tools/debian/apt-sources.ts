import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The Debian mirrors this machine's apt is set up with, in the order of its files: one-line and
 * deb822 sources, also through `mirror+file:` lists. Archives with security fixes or updates only
 * are left out: they do not hold whole suites.
 */
export async function debianMirrors(folder = '/etc/apt'): Promise<string[]> {
  const parts = join(folder, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name));
  const found: string[] = [];
  for (const file of [join(folder, 'sources.list'), ...names]) {
    const read = file.endsWith('.list') ? fromList : file.endsWith('.sources') ? fromDeb822 : none;
    found.push(...read(await readFile(file, 'utf8').catch(() => '')));
  }
  const uris = (await Promise.all([...new Set(found)].map(expanded))).flat();
  return uris.filter((uri) => /^https?:/.test(uri)).map((uri) => uri.replace(/\/+$/, ''));
}

const none = (): string[] => [];

/** `deb [options] URI suite component...` */
function fromList(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
    const [, uri = '', suite = '', components = ''] = entry ?? [];
    return entry !== null && isWhole([suite], components.split(/\s+/)) ? [uri] : [];
  });
}

/** Paragraphs of `Key: values`, continued on lines that start with a blank. */
function fromDeb822(text: string): string[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
  return withoutComments.split(/\n\s*\n/).flatMap((paragraph) => {
    const values = (key: string): string[] =>
      new RegExp(`^${key}:(.*)$`, 'im').exec(paragraph)?.[1]?.trim().split(/\s+/) ?? [];
    const enabled = values('Enabled')[0] !== 'no' && values('Types').includes('deb');
    return enabled && isWhole(values('Suites'), values('Components')) ? values('URIs') : [];
  });
}

function isWhole(suites: readonly string[], components: readonly string[]): boolean {
  return components.includes('main') && suites.some((suite) => /^[a-z]+$/.test(suite));
}

async function expanded(uri: string): Promise<string[]> {
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (list === undefined) return [uri];
  const lines = (await readFile(list, 'utf8').catch(() => '')).split('\n');
  return lines.map((line) => line.split(/\s/)[0] ?? '').filter((line) => line !== '');
}
