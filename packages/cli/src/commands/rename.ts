import { CtrdError } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { nameLabel, toldOf } from '../foreign.js';

/** Ids are for ever: what changes is the name by which this command and nerdctl know a container. */
export const rename: Run = async ([reference = '', name = ''], _options, context) => {
  const { client, namespace, signal } = context;
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(name)) {
    throw new CtrdError('a name must be letters, digits, _ . and -', {
      ...{ code: 'invalid-argument', field: 'name', subject: name },
    });
  }
  const { id, labels } = await findContainer(context, reference);
  const all = await client.listContainers({ signal });
  for (const other of all) {
    if (other.id === id) continue;
    if (other.id !== name && (await toldOf(other, namespace)).name !== name) continue;
    throw new CtrdError(`${other.id} is called so already`, {
      ...{ code: 'already-exists', subject: name },
    });
  }
  const theirs = labels['nerdctl/name'] === undefined ? {} : { 'nerdctl/name': name };
  const ours = { [nameLabel]: name === id ? undefined : name };
  await client.updateContainer(id, { labels: { ...ours, ...theirs }, signal });
};
