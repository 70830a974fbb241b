import { CtrdError, type MountSpec } from '@ctrd/core';
import { entryOf, type LayerEntry } from './layer-entry.js';

/** Names looked up for one path, those in its links included. Real paths have a dozen. */
const mostSteps = 256;

/**
 * Reads a file of a root file system that is not mounted: from the folders that its mount consists
 * of, the uppermost first. Links never lead out of it, whatever an image, or a program that runs in
 * it meanwhile, has put there. Empty for a file that is not there.
 *
 * What a layer removed as a file or a folder is gone; a folder that a layer made anew in place of a
 * removed one still shows the lower one's files, since that mark (an extended attribute) cannot be
 * read here.
 *
 * Throws `too-large` above 10 MiB, `permission-denied` when the folders are not ours to read, and
 * `failed-precondition` when links lead nowhere.
 */
export async function readRootfsFile(layers: readonly string[], path: string): Promise<string> {
  let pending = components(path);
  let at: readonly string[] = [];
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const [next, ...rest] = pending;
    if (next === undefined) return '';
    pending = rest;
    if (next === '..') {
      at = at.slice(0, -1);
      continue;
    }
    const entry = await lookUp(layers, [...at, next], rest.length === 0);
    if (entry.kind === 'file') return entry.text;
    if (entry.kind === 'folder') at = [...at, next];
    else if (entry.kind === 'link') {
      if (entry.target.startsWith('/')) at = [];
      pending = [...components(entry.target), ...rest];
    } else return '';
  }
  throw new CtrdError(`${path} of the image is behind too many links`, {
    code: 'failed-precondition',
    reason: 'links',
    subject: path,
  });
}

/**
 * The folders of a root file system, the uppermost first: an overlay's upper and lower folders, or
 * a bind mount's source. `undefined` for what can only be read mounted.
 */
export function layersOfMounts(mounts: readonly MountSpec[]): readonly string[] | undefined {
  const [mount, ...more] = mounts;
  if (mount === undefined || more.length > 0) return undefined;
  if (mount.type === 'bind' || mount.type === 'rbind') return [mount.source];
  if (mount.type !== 'overlay') return undefined;
  const optionOf = (name: string) =>
    mount.options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const upper = optionOf('upperdir');
  // A colon in a path is escaped with a backslash.
  const lower = optionOf('lowerdir')?.split(/(?<!\\):/);
  if (lower === undefined) return undefined;
  const folders = lower.map((folder) => folder.replaceAll('\\:', ':'));
  return upper === undefined ? folders : [upper, ...folders];
}

/** The uppermost layer's entry. */
async function lookUp(
  layers: readonly string[],
  path: readonly string[],
  isLast: boolean,
): Promise<LayerEntry> {
  for (const layer of layers) {
    const entry = await entryOf(layer, path, isLast);
    if (entry.kind !== 'absent') return entry;
  }
  return { kind: 'absent' };
}

function components(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
