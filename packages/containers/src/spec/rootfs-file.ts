import type { Stats } from 'node:fs';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CtrdError, type MountSpec } from '@ctrd/core';

/** Links followed in one path, as the kernel limits them. */
const mostLinks = 40;

/** A file of users has no business being larger. */
const largestFile = 10 * 1024 * 1024;

/**
 * Reads a file of a root file system that is not mounted: from the folders that its mount consists
 * of. Links never lead out of it, whatever an image has put there. Empty for a file that is not
 * there.
 */
export async function readRootfsFile(layers: readonly string[], path: string): Promise<string> {
  const found = await resolve(layers, path);
  if (found === undefined || !found.stats.isFile()) return '';
  if (found.stats.size > largestFile) {
    throw new CtrdError(`${path} of the image is larger than ${largestFile} bytes`, {
      code: 'too-large',
      subject: path,
    });
  }
  return await readFile(found.path, 'utf8');
}

/**
 * The folders of a root file system, the uppermost first: an overlay's upper and lower folders, or
 * a bind mount's source. `undefined` for what can only be read mounted.
 */
export function layersOfMounts(mounts: readonly MountSpec[]): readonly string[] | undefined {
  const [mount, ...more] = mounts;
  if (mount === undefined || more.length > 0) return undefined;
  if (mount.type === 'bind') return [mount.source];
  if (mount.type !== 'overlay') return undefined;
  const optionOf = (name: string) =>
    mount.options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const upper = optionOf('upperdir');
  const lower = optionOf('lowerdir')?.split(':') ?? [];
  return upper === undefined ? lower : [upper, ...lower];
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

/** Walks a path through the layers, component by component, following links inside. */
async function resolve(layers: readonly string[], path: string): Promise<Found | undefined> {
  let pending = components(path);
  let at: string[] = [];
  let links = 0;
  let found: Found | undefined;
  while (pending.length > 0) {
    const [next = '', ...rest] = pending;
    pending = rest;
    if (next === '..') {
      at = at.slice(0, -1);
      continue;
    }
    found = await lookUp(layers, [...at, next]);
    if (found === undefined) return undefined;
    if (!found.stats.isSymbolicLink()) {
      at = [...at, next];
      continue;
    }
    links += 1;
    if (links > mostLinks) return undefined;
    const target = await readlink(found.path);
    if (target.startsWith('/')) at = [];
    pending = [...components(target), ...pending];
  }
  return found;
}

/** The uppermost layer's entry; one that a layer removed (a 0/0 character device) is not there. */
async function lookUp(
  layers: readonly string[],
  path: readonly string[],
): Promise<Found | undefined> {
  for (const layer of layers) {
    for (let depth = 1; depth <= path.length; depth += 1) {
      const full = join(layer, ...path.slice(0, depth));
      const stats = await lstat(full).catch(() => undefined);
      if (stats === undefined) break;
      if (stats.isCharacterDevice() && stats.rdev === 0) return undefined;
      if (depth === path.length) return { path: full, stats };
      if (!stats.isDirectory()) break;
    }
  }
  return undefined;
}

function components(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
