import { mkdir, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CtrdError } from '@ctrd/core';
import type { LogUri } from './stdio.js';

/**
 * What the daemon is told of a log, if there is one. A file is made here and named twice, each time
 * in another way: the shim opens a `file://` URI once for both streams, and closes it with the first
 * of them that ends, so that the last words of the other are lost (`copyPipes` of containerd's runc
 * shim, 1.6 to 2.1).
 */
export async function makeLog(
  log: LogUri | undefined,
  terminal: boolean,
): Promise<{ readonly stdout: string; readonly stderr: string } | undefined> {
  if (log === undefined) return undefined;
  if (!log.startsWith('file:')) return { stdout: log, stderr: terminal ? '' : log };
  try {
    const path = fileURLToPath(log);
    const folder = dirname(path);
    await mkdir(folder, { recursive: true });
    await using _file = await open(path, 'a', 0o600);
    return { stdout: path, stderr: `${folder}/./${basename(path)}` };
  } catch (cause) {
    const field = 'stdio.stdout';
    throw new CtrdError(`${field} must be a file that can be written`, {
      ...{ code: 'invalid-argument', field, cause },
    });
  }
}
