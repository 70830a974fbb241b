import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Token, token } from '@ctrd/core';
import type { ExitMessage, ProcessKey } from './exit-message.js';

/**
 * Keeps exits that the daemon may forget, from before they are announced until they have been
 * delivered and cleaned up after: a host that dies in between finds them in its next life.
 */
export interface ExitJournal {
  /** Resolves when the exit is on the disk. */
  write(exit: ExitMessage): Promise<void>;
  find(key: ProcessKey): Promise<ExitMessage | undefined>;
  /** An exit that is not there is no error. */
  forget(key: ProcessKey): Promise<void>;
  /** Every exit of the client's daemon and namespace. */
  list(): Promise<readonly ExitMessage[]>;
}

export const ExitJournal: Token<ExitJournal, 'ExitJournal'> = token('ExitJournal', {
  from: 'containers() of @ctrd/containers',
});

/**
 * A journal of one small file an exit, in a folder that only this user may enter. The folder's name
 * tells daemons and namespaces apart. `place` is asked when the journal is first used.
 */
export function createExitJournal(
  place: () => {
    readonly runtimeDir: string;
    readonly address: string;
    readonly namespace: string;
  },
): ExitJournal {
  const folder = (): string => {
    const { runtimeDir, address, namespace } = place();
    const daemon = createHash('sha256').update(address).digest('hex').slice(0, 16);
    return join(runtimeDir, 'exits', `${daemon}-${namespace}`);
  };
  const fileOf = ({ containerId, execId }: ProcessKey): string =>
    // Ids have no `~`.
    join(folder(), execId === '' ? containerId : `${containerId}~${execId}`);

  return {
    async write(exit) {
      await mkdir(folder(), { recursive: true, mode: 0o700 });
      const file = fileOf(exit);
      const draft = `${file}~~${process.pid}`;
      {
        await using handle = await open(draft, 'w', 0o600);
        await handle.writeFile(JSON.stringify(exit));
        await handle.sync();
      }
      await rename(draft, file);
      // The name is on the disk when the folder is.
      await using names = await open(folder(), 'r');
      await names.sync();
    },
    find: (key) => readExit(fileOf(key)),
    forget: (key) => rm(fileOf(key), { force: true }),
    async list() {
      const names = await readdir(folder()).catch(() => []);
      const whole = names.filter((name) => !name.includes('~~'));
      const exits = await Promise.all(whole.map((name) => readExit(join(folder(), name))));
      return exits.filter((exit) => exit !== undefined);
    },
  };
}

/** A file that is not there, or not one of a journal's, tells of no exit. */
async function readExit(file: string): Promise<ExitMessage | undefined> {
  try {
    const { containerId, execId, exitCode, exitedAt } = JSON.parse(await readFile(file, 'utf8'));
    const at = new Date(exitedAt);
    const sound =
      typeof containerId === 'string' &&
      typeof execId === 'string' &&
      Number.isInteger(exitCode) &&
      !Number.isNaN(at.getTime());
    return sound ? { containerId, execId, exitCode, exitedAt: at } : undefined;
  } catch {
    return undefined;
  }
}
