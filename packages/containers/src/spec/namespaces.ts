import { invalidArgument } from '@ctrd/core';
import { checkInteger } from './check.js';
import type { IdMapping, NamespaceType, SpecChange, SpecNamespace } from './runtime-spec.js';

/** How a namespace is had: `host` shares the host's, `private` is a new one, a path joins one. */
export type NamespacesOption = Readonly<
  Partial<Record<NamespaceType, 'host' | 'private' | (string & {})>>
>;

const types: readonly string[] = 'pid ipc uts mount network cgroup user time'.split(' ');

/** Sets how namespaces are had; those that are not named stay. */
export function withNamespaces(namespaces: NamespacesOption): SpecChange {
  const wanted = new Map<NamespaceType, SpecNamespace | undefined>();
  for (const [name, how] of Object.entries(namespaces)) {
    if (!types.includes(name)) throw invalidArgument('namespaces', `be of ${types.join()}`, name);
    const type = name as NamespaceType;
    if (how !== undefined) wanted.set(type, namespaceOf(type, how));
  }
  return (spec) => {
    const before = spec.linux.namespaces;
    const added = [...wanted].flatMap(([type, namespace]) =>
      namespace === undefined || before.some((other) => other.type === type) ? [] : [namespace],
    );
    const kept = before.flatMap((namespace) => {
      const other = wanted.has(namespace.type) ? wanted.get(namespace.type) : namespace;
      return other === undefined ? [] : [other];
    });
    return { ...spec, linux: { ...spec.linux, namespaces: [...kept, ...added] } };
  };
}

/** Shares namespaces of the host. */
export function withHostNamespace(...shared: readonly NamespaceType[]): SpecChange {
  return withNamespaces(Object.fromEntries(shared.map((type) => [type, 'host'])));
}

/** A user namespace of its own, in which ids stand for others of the host. */
export function withIdMappings(mappings: {
  readonly uid: readonly IdMapping[];
  readonly gid: readonly IdMapping[];
}): SpecChange {
  for (const kind of ['uid', 'gid'] as const) {
    if (mappings[kind].length === 0) throw invalidArgument(`idMappings.${kind}`, 'not be empty');
    for (const [index, mapping] of mappings[kind].entries()) {
      const field = `idMappings.${kind}[${index}]`;
      checkInteger(`${field}.containerID`, mapping.containerID, { from: 0, to: 0xfffffffe });
      checkInteger(`${field}.hostID`, mapping.hostID, { from: 0, to: 0xfffffffe });
      checkInteger(`${field}.size`, mapping.size, { from: 1, to: 0xffffffff });
    }
  }
  const copied = (kind: 'uid' | 'gid') => mappings[kind].map((mapping) => ({ ...mapping }));
  const inNamespace = withNamespaces({ user: 'private' });
  return (spec) => {
    const changed = inNamespace(spec);
    const linux = { ...changed.linux, uidMappings: copied('uid'), gidMappings: copied('gid') };
    return { ...changed, linux };
  };
}

function namespaceOf(type: NamespaceType, how: string): SpecNamespace | undefined {
  if (how === 'host') return undefined;
  if (how === 'private') return { type };
  if (typeof how !== 'string' || !how.startsWith('/') || how.includes('\0')) {
    throw invalidArgument(`namespaces.${type}`, 'be host, private or an absolute path', how);
  }
  return { type, path: how };
}
