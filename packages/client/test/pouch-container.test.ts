import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transport } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import { serving } from '../../core/test/support/client.js';
import { type APIClient, type DefaultClient, defaultClient } from '../src/index.js';

/** The methods of PouchContainer's documented interfaces. */
const owed = [
  ...['ContainerPID', 'ContainerPIDs', 'CreateContainer', 'DestroyContainer', 'ExecContainer'],
  ...['PauseContainer', 'ProbeContainer', 'RecoverContainer', 'ResizeContainer'],
  ...['SetExecExitHooks', 'SetExitHooks', 'UnpauseContainer', 'UpdateResources'],
  ...['GetOciImage', 'ListImages', 'PullImage', 'RemoveImage'],
  ...['CreateSnapshot', 'GetMounts', 'GetSnapshot', 'RemoveSnapshot'],
  ...['Close', 'Version'],
];

describe('the API of PouchContainer', () => {
  it('is there, method by method, and each stands in the document', async () => {
    const document = await readFile(
      join(import.meta.dirname, '../../../docs/pouch-container.md'),
      'utf8',
    );
    await using client = await defaultClient({ address: '/nowhere.sock' })
      .provide(Transport, serving())
      .connect();
    for (const name of owed) {
      const ours = name[0]?.toLowerCase() + name.slice(1);
      expect(client, ours).toHaveProperty(ours, expect.any(Function));
      expect(document, name).toMatch(new RegExp(`^\\| \`${name}\\b[^|]*\\| \`${ours}\\(`, 'm'));
    }
  });

  it('is an interface with all that the client has', () => {
    const asInterface = (client: DefaultClient): APIClient => client;
    const asClient = (client: APIClient): DefaultClient => client;
    expect([asInterface, asClient]).toHaveLength(2);
  });
});
