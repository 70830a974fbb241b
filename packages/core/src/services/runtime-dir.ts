import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Token, token } from '../di/token.js';

/**
 * The folder for what does not outlive the machine's uptime: pipes of containers, mounts. The daemon
 * must see it under the same path.
 */
export interface RuntimeDir {
  readonly path: string;
}

export const RuntimeDir: Token<RuntimeDir, 'RuntimeDir'> = token('RuntimeDir');

/** The folder of the option; else `/run/ctrd` for root, a folder of the user's own otherwise. */
export function runtimeDirOf(option: string | undefined): RuntimeDir {
  if (option !== undefined) return { path: option };
  if (process.getuid?.() === 0) return { path: '/run/ctrd' };
  const own = process.env['XDG_RUNTIME_DIR'];
  return {
    path: own === undefined ? join(tmpdir(), `ctrd-${process.getuid?.()}`) : join(own, 'ctrd'),
  };
}
