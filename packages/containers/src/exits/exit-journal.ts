import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Owner, type Token, token } from '@ctrd/core';
import type { ExitMessage, ProcessKey } from './exit-message.js';

/**
 * What a client knows of its processes and the daemon may forget. It outlives the client: its next
 * life finds there what it has to tell yet.
 */
export interface ExitJournal {
  /** Notes that a process is about to be started and watched, and the folder of its pipes. */
  begin(key: ProcessKey, pipes: string | undefined): Promise<void>;
  /** Resolves when the exit is on the disk, so that a crash right after loses nothing. */
  write(exit: ExitMessage): Promise<void>;
  /** What is noted of a process, if anything is. */
  find(key: ProcessKey): Promise<JournalEntry | undefined>;
  /** The exit has been delivered and cleaned up after. One that is not there is no error. */
  forget(key: ProcessKey): Promise<void>;
  /**
   * The container is gone: nothing of its processes is of interest, whoever noted it. Answers what
   * was noted, since the pipes may have nobody else who removes them.
   */
  forgetContainer(containerId: string): Promise<readonly JournalEntry[]>;
  /** Everything of the client's daemon and namespace. */
  list(): Promise<readonly JournalEntry[]>;
}

/** What the journal knows of a process: that it is watched, or how it ended. */
export interface JournalEntry {
  readonly key: ProcessKey;
  /** Who noted it; see `Owner`. */
  readonly owner: string | undefined;
  /** When the watch began, or the exit was written. */
  readonly since: Date;
  readonly pipes: string | undefined;
  readonly exit: ExitMessage | undefined;
}

export const ExitJournal: Token<ExitJournal, 'ExitJournal'> = token('ExitJournal', {
  from: 'containers() of @ctrd/containers',
});

/** Where a journal is, and whose. Folders of different daemons and namespaces differ. */
export interface JournalPlace {
  readonly runtimeDir: string;
  readonly address: string;
  readonly namespace: string;
}

/**
 * A journal of one or two small files a process, in a folder that only this user may enter: one from
 * the start of the watch, one with the exit. `place` is asked when the journal is first used. Empty
 * folders go with the client.
 */
export function createExitJournal(
  place: () => JournalPlace,
  { id: owner }: Pick<Owner, 'id'>,
): ExitJournal & AsyncDisposable {
  const folder = () => journalFolder(place());

  /** Does something in the folder, which is made when it is not there: another may have removed it. */
  async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
    const path = folder();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(path);
      } catch (error) {
        if (attempt < 3) unlessMissing(error);
        else throw error;
      }
      await mkdir(path, { recursive: true, mode: 0o700 });
    }
  }

  async function find(key: ProcessKey): Promise<JournalEntry | undefined> {
    const [begun, ended] = await Promise.all(
      kinds.map((kind) => readJson(join(folder(), fileName(key, kind)))),
    );
    const exit = exitIn(ended);
    const since = dateIn(begun?.['since']) ?? exit?.exitedAt;
    if (since === undefined) return undefined;
    const pipes = textIn(begun?.['pipes']);
    return { key, owner: textIn((begun ?? ended)?.['owner']), since, pipes, exit };
  }

  async function names(): Promise<readonly string[]> {
    return (await readdir(folder()).catch(unlessMissing)) ?? [];
  }

  async function entriesOf(names: readonly string[]): Promise<readonly JournalEntry[]> {
    const keys = new Map(names.flatMap(keyOfName));
    const entries = await Promise.all([...keys.values()].map(find));
    return entries.filter((entry) => entry !== undefined);
  }

  return {
    async begin(key, pipes) {
      const noted = JSON.stringify({ ...key, owner, pipes, since: new Date() });
      await inFolder((folder) =>
        writeFile(join(folder, fileName(key, 'watch')), noted, { mode: 0o600 }),
      );
    },
    write: (exit) =>
      inFolder(async (folder) => {
        const file = join(folder, fileName(exit, 'exit'));
        const draft = `${file}~${process.pid}`;
        {
          await using handle = await open(draft, 'w', 0o600);
          await handle.writeFile(JSON.stringify({ ...exit, owner }));
          await handle.sync();
        }
        await rename(draft, file);
        // The name is on the disk when the folder is.
        await using names = await open(folder, 'r');
        await names.sync();
      }),
    find,
    async forget(key) {
      await Promise.all(
        kinds.map((kind) => unlink(join(folder(), fileName(key, kind))).catch(unlessMissing)),
      );
    },
    async forgetContainer(containerId) {
      const own = (await names()).filter((name) => name.startsWith(`${containerId}~`));
      const entries = await entriesOf(own);
      await Promise.all(own.map((name) => unlink(join(folder(), name)).catch(unlessMissing)));
      return entries;
    },
    list: async () => await entriesOf(await names()),
    async [Symbol.asyncDispose]() {
      // Also those of clients that were killed, of whatever daemon and namespace.
      const root = dirname(folder());
      const folders = await readdir(root).catch(() => []);
      await Promise.all(folders.map((name) => rmdir(join(root, name)).catch(() => {})));
    },
  };
}

/** The folder of a daemon's namespace, below the runtime folder. */
function journalFolder({ runtimeDir, address, namespace }: JournalPlace): string {
  const daemon = createHash('sha256').update(address).digest('hex').slice(0, 16);
  return join(runtimeDir, 'exits', `${daemon}-${namespace}`);
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

const kinds = ['watch', 'exit'] as const;

/** Ids have no `~`. */
function fileName({ containerId, execId }: ProcessKey, kind: (typeof kinds)[number]): string {
  return `${containerId}~${execId}~${kind}`;
}

function keyOfName(name: string): [string, ProcessKey][] {
  const [containerId, execId, kind, draft] = name.split('~');
  if (containerId === undefined || execId === undefined || kind === undefined) return [];
  return draft === undefined ? [[`${containerId}~${execId}`, { containerId, execId }]] : [];
}

type Json = Readonly<Record<string, unknown>>;

/** A file that is not there, or not one of a journal's, tells of nothing. */
async function readJson(file: string): Promise<Json | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function exitIn(json: Json | undefined): ExitMessage | undefined {
  if (json === undefined) return undefined;
  const { containerId, execId, exitCode, exitedAt } = json;
  const at = dateIn(exitedAt);
  const sound =
    typeof containerId === 'string' && typeof execId === 'string' && Number.isInteger(exitCode);
  if (!sound || at === undefined) return undefined;
  return { containerId, execId, exitCode: Number(exitCode), exitedAt: at };
}

function dateIn(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
