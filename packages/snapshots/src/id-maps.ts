import { CtrdError, invalidArgument, type MountSpec } from '@ctrd/core';
import type { SnapshotterInfo } from './snapshot.js';
import type { CreateSnapshotOptions, IdMap } from './snapshot-api.js';

type Maps = Pick<CreateSnapshotOptions, 'uidMap' | 'gidMap'>;

export function checkIdMaps({ uidMap, gidMap }: Maps): void {
  if (uidMap !== undefined) checkMap('uidMap', uidMap);
  if (gidMap !== undefined) checkMap('gidMap', gidMap);
  if (uidMap !== undefined && gidMap === undefined) {
    throw invalidArgument('gidMap', 'be given with uidMap');
  }
  if (gidMap !== undefined && uidMap === undefined) {
    throw invalidArgument('uidMap', 'be given with gidMap');
  }
}

/**
 * The labels by which a snapshotter that can map ids learns the maps (containerd 2.0 and later, by
 * idmapped mounts of the kernel). Others would ignore them, and show files with the wrong owners.
 */
export function idMapLabels(
  { uidMap = [], gidMap = [] }: Maps,
  { name, capabilities }: SnapshotterInfo,
): Readonly<Record<string, string>> {
  if (!capabilities.includes('remap-ids')) {
    throw new CtrdError('the snapshotter cannot map ids on this daemon and kernel', {
      ...{ code: 'unimplemented', reason: 'remap-ids', subject: name },
    });
  }
  return {
    'containerd.io/snapshot/uidmapping': textOf(uidMap),
    'containerd.io/snapshot/gidmapping': textOf(gidMap),
  };
}

/** The daemon maps ids when it mounts for a container; `mount` of most systems cannot. */
export function refuseMapped(mounts: readonly MountSpec[]): void {
  if (!mounts.some(({ options }) => options.some((option) => /^[ug]idmap=/.test(option)))) return;
  throw new CtrdError('a snapshot with mapped ids is only mounted for containers', {
    ...{ code: 'unimplemented', reason: 'remap-ids' },
  });
}

const textOf = (maps: readonly IdMap[]): string =>
  maps.map(({ containerId, hostId, size }) => `${containerId}:${hostId}:${size}`).join(',');

function checkMap(field: string, maps: readonly IdMap[]): void {
  if (!Array.isArray(maps) || maps.length === 0) {
    throw invalidArgument(field, 'be a list of at least one range', maps);
  }
  for (const [index, range] of maps.entries()) {
    for (const key of ['containerId', 'hostId', 'size'] as const) {
      const value: unknown = range?.[key];
      const least = key === 'size' ? 1 : 0;
      if (Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 32) continue;
      throw invalidArgument(
        `${field}[${index}].${key}`,
        `be a whole number from ${least} to 4294967295`,
        value,
      );
    }
  }
}
