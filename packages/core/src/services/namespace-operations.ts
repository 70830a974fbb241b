import { type Namespace, Namespaces } from '@ctrd/api/services/namespaces/v1';
import { CtrdError, invalidArgument } from '../errors/index.js';
import { identifierRule, isIdentifier } from '../kernel/identifier.js';
import { type CallControl, onOptions, onSubject, type Running } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { NamespaceInfo } from './daemon-api.js';
import { checkLabels } from './labels.js';

type Labels = Readonly<Record<string, string>>;
type Labelled = CallControl & { readonly labels?: Labels | undefined };

/** The methods on namespaces. */
export function namespaceOperations(rpc: Rpc) {
  const calls = rpc.client(Namespaces);

  async function list(signal: AbortSignal): Promise<readonly NamespaceInfo[]> {
    const { namespaces } = await calls.list({}, { signal });
    return namespaces.map(namespaceInfo);
  }

  /** By listing: the daemon's own Get answers any name, with no labels. */
  async function get(name: string, signal: AbortSignal): Promise<NamespaceInfo> {
    const found = (await list(signal)).find((namespace) => namespace.name === name);
    if (found !== undefined) return found;
    throw new CtrdError('there is no such namespace', { code: 'not-found', subject: name });
  }

  return {
    listNamespaces: onOptions(({ signal }: Running<CallControl>) => list(signal)),
    getNamespace: onSubject(async (name, { signal }: Running<CallControl>) => {
      checkNamespace(name);
      return await get(name, signal);
    }),
    createNamespace: onSubject(async (name, { labels = {}, signal }: Running<Labelled>) => {
      checkNamespace(name);
      checkLabels('labels', labels);
      await calls.create({ namespace: { name, labels } }, { signal });
      return { name, labels: { ...labels } };
    }),
    labelNamespace: onSubject(
      async (name, { labels, signal }: Running<CallControl & { readonly labels: Labels }>) => {
        checkNamespace(name);
        checkLabels('labels', labels);
        // An update would make it.
        await get(name, signal);
        const paths = Object.keys(labels).map((label) => `labels.${label}`);
        await calls.update({ namespace: { name, labels }, updateMask: { paths } }, { signal });
        // The answer to the update has the labels of the request alone.
        return await get(name, signal);
      },
    ),
    deleteNamespace: onSubject(async (name, { signal }: Running<CallControl>) => {
      checkNamespace(name);
      await calls.delete({ name }, { signal });
    }),
    purgeNamespace: onSubject(async (name, { signal }: Running<CallControl>) => {
      checkNamespace(name);
      await get(name, signal);
      // It needs nearly every service of the daemon; other calls need not load them.
      const { purgeNamespace } = await import('./purge-namespace.js');
      await purgeNamespace(rpc, name, signal);
    }),
  };
}

function checkNamespace(name: string): void {
  if (!isIdentifier(name)) throw invalidArgument('namespace', identifierRule, name);
}

function namespaceInfo({ name, labels }: Namespace): NamespaceInfo {
  return { name, labels: { ...labels } };
}
