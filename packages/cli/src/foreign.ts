import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerInfo } from '@ctrd/client';

/** A port of the host that leads into a container. */
export interface PortMapping {
  /** Empty for every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}

/** What the tool that made a container knows of it. */
export interface Told {
  /** What its tool calls it; its id when nothing does. */
  readonly name: string;
  readonly ports: readonly PortMapping[];
  /** Where Docker or nerdctl keep its output, in Docker's `json-file` format. */
  readonly jsonLog?: string | undefined;
}

type Facts = Pick<ContainerInfo, 'id' | 'labels'>;

/**
 * What other tools noted of a container: nerdctl and Kubernetes in its labels, Docker in a file of
 * its own, since it gives containerd ids only.
 */
export async function toldOf(
  { id, labels }: Facts,
  namespace: string,
  dockerRoot = process.env['CTRD_DOCKER_ROOT'] || '/var/lib/docker',
): Promise<Told> {
  const docker = namespace === 'moby' ? await dockerNotes(dockerRoot, id) : undefined;
  if (docker !== undefined) return docker;
  const stateDir = labels['nerdctl/state-dir'] ?? '';
  return {
    name: nameOf({ id, labels }),
    ports: portsIn(labels['nerdctl/ports']),
    jsonLog: isStateDir(stateDir, namespace, id) ? join(stateDir, `${id}-json.log`) : undefined,
  };
}

/**
 * Whether it is where nerdctl keeps this container's files. Containers get the labels of their
 * images: one may name any folder.
 */
function isStateDir(folder: string, namespace: string, id: string): boolean {
  const [, below] = /^\/var\/lib\/nerdctl\/[0-9a-f]+\/(.+)$/.exec(folder) ?? [];
  return below === `containers/${namespace}/${id}`;
}

/** The label of a container's name, where that is not its id. */
export const nameLabel = 'ctrd/name';

/** What the labels call a container. */
export function nameOf({ id, labels }: Facts): string {
  const pod = labels['io.kubernetes.pod.name'];
  const inPod = labels['io.kubernetes.container.name'];
  if (pod !== undefined) return inPod === undefined ? pod : `${pod}/${inPod}`;
  return labels[nameLabel] || labels['nerdctl/name'] || id;
}

/** nerdctl's label: the Go structures of its CNI library, as JSON. */
function portsIn(label: string | undefined): readonly PortMapping[] {
  try {
    const ports: unknown = JSON.parse(label ?? '[]');
    if (!Array.isArray(ports)) return [];
    return ports.map((port: Record<string, unknown>) => ({
      hostIp: withoutAny(port['HostIP']),
      hostPort: Number(port['HostPort']),
      containerPort: Number(port['ContainerPort']),
      protocol: String(port['Protocol'] ?? 'tcp'),
    }));
  } catch {
    // A label that is none of nerdctl's tells nothing.
    return [];
  }
}

interface DockerConfig {
  readonly Name?: string;
  readonly LogPath?: string;
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<
      Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>
    >;
  };
}

async function dockerNotes(root: string, id: string): Promise<Told | undefined> {
  try {
    const text = await readFile(join(root, 'containers', id, 'config.v2.json'), 'utf8');
    const { Name, LogPath, NetworkSettings } = JSON.parse(text) as DockerConfig;
    const ports = Object.entries(NetworkSettings?.Ports ?? {}).flatMap(([key, bindings]) => {
      const [port = '', protocol = 'tcp'] = key.split('/');
      return (bindings ?? []).map(({ HostIp, HostPort }) => ({
        hostIp: withoutAny(HostIp),
        hostPort: Number(HostPort),
        containerPort: Number(port),
        protocol,
      }));
    });
    return { name: Name?.replace(/^\//, '') || id, ports, jsonLog: LogPath || undefined };
  } catch {
    // No Docker here, or not ours to read: its containers show with their ids.
    return undefined;
  }
}

const withoutAny = (ip: unknown): string =>
  ip === undefined || ip === '0.0.0.0' || ip === '::' ? '' : String(ip);

/** As docker prints them: `8080->80/tcp`. */
export function portsText(ports: readonly PortMapping[]): string {
  const texts = ports.map(({ hostIp, hostPort, containerPort, protocol }) => {
    const host = hostIp === '' ? `${hostPort}` : `${hostIp}:${hostPort}`;
    return `${host}->${containerPort}/${protocol}`;
  });
  return [...new Set(texts)].join(', ');
}
