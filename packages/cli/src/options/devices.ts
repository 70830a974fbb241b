import { stat } from 'node:fs/promises';
import type { SpecDevice } from '@ctrd/client';
import { wrong } from './wrong.js';

/** Reads `--device /dev/host[:/dev/container]` and looks at the device on the host. */
export async function hostDevice(text: string): Promise<SpecDevice> {
  const parts = text.split(':');
  if (parts.length > 1 && parts.at(-1) === 'rwm') parts.pop();
  const [source = '', path = source] = parts;
  if (!source.startsWith('/') || !path.startsWith('/') || parts.length > 2) {
    throw wrong('--device', '/dev/host[:/dev/container]', text);
  }
  const node = await stat(source).catch(() => undefined);
  const type = node?.isBlockDevice() ? 'b' : node?.isCharacterDevice() ? 'c' : undefined;
  if (node === undefined || type === undefined) {
    throw wrong('--device', 'a device of this machine', source);
  }
  const { mode, uid, gid } = node;
  return { path, type, ...deviceNumbers(node.rdev), fileMode: mode & 0o777, uid, gid };
}

/** A device's two numbers, of which the kernel's one is made (`makedev(3)`). */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
