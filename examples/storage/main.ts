// #region files
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { DefaultClient } from '@ctrd/client';
import { packTar, unpackTar } from 'modern-tar';

/** Puts a file into a container, running or not, and fetches what is at that path then. */
export async function exchange(
  client: DefaultClient,
  container: string,
  content: string,
): Promise<string> {
  const header = { name: 'note.txt', size: Buffer.byteLength(content) };
  const source = Readable.from([await packTar([{ header, body: content }])]);
  await client.copyTo({ container, path: '/notes', source });

  const archive = await buffer(client.copyFrom({ container, path: '/notes/note.txt' }));
  const [file] = await unpackTar(archive);
  return Buffer.from(file?.data ?? []).toString();
}
// #endregion

// #region content
/** Keeps a text in the content store for as long as `use` takes, and reads it back. */
export async function kept<T>(
  client: DefaultClient,
  text: string,
  use: (read: string) => Promise<T>,
): Promise<T> {
  await using lease = await client.holdLease();
  const source = Buffer.from(text);
  const { digest } = await client.writeContent({ ref: `note ${text}`, source, lease: lease.id });
  return await use((await buffer(client.readContent({ digest }))).toString());
}
// #endregion

// #region sweep
/** Removes what dead processes have left behind; answers what that was. */
export async function tidy(client: DefaultClient): Promise<readonly string[]> {
  const { findings, problems } = await client.doctor();
  for (const { kind, id, why } of findings) console.log(`${kind} ${id}: ${why}`);
  for (const { caretaker, error } of problems) console.log(`${caretaker}: ${error.message}`);

  const { removed } = await client.sweep({ kinds: ['snapshot', 'mount', 'lease', 'ingest'] });
  return removed.map(({ kind, id }) => `${kind} ${id}`);
}
// #endregion
