import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeFolder } from './clean-up.js';
import { endProcess, runningProcess } from './daemon-process.js';
import { isGone, ownIdentity } from './identity.js';
import { type Layout, layoutIn, temporaryName } from './layout.js';
import { reapTasks } from './reap.js';

/** Writes down whose a temporary daemon is. */
export async function claim(layout: Layout): Promise<void> {
  await writeFile(layout.owner, await ownIdentity(), { mode: 0o600 });
}

/**
 * Ends and removes the temporary daemons of hosts that are gone: a host that was killed cannot do it
 * itself. A failure is a warning; it is no reason not to start a new one.
 */
export async function removeAbandoned(beside: Layout, searchPath: string): Promise<void> {
  const parent = dirname(beside.folder);
  for (const name of await readdir(parent)) {
    if (!temporaryName.test(name)) continue;
    const layout = layoutIn(join(parent, name), true);
    try {
      if (await isAbandoned(layout)) await remove(layout, searchPath);
    } catch (error) {
      process.emitWarning(`a temporary daemon cannot be removed: ${String(error)}`, 'ctrd');
    }
  }
}

async function isAbandoned({ folder, owner }: Layout): Promise<boolean> {
  // Everybody may write to the folder for temporary files: only what is this user's is looked at.
  const { uid } = await lstat(folder);
  if (uid !== process.getuid?.()) return false;
  const identity = await readFile(owner, 'utf8').catch(() => '');
  return await isGone(identity);
}

async function remove(layout: Layout, searchPath: string): Promise<void> {
  const running = await runningProcess(layout);
  if (running !== undefined) await endProcess(running, 10_000);
  await reapTasks(layout, searchPath);
  await removeFolder(layout);
}
