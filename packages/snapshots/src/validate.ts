import { checkLabels, invalidArgument } from '@ctrd/core';

/** A snapshot's key or name: free-form on the daemon, but not empty and no control characters. */
export function checkKey(key: string, field = 'key'): void {
  if (typeof key !== 'string' || key === '' || key.length > 1024 || hasControl(key)) {
    throw invalidArgument(field, 'be 1 to 1024 characters without control characters', key);
  }
}

/** A snapshotter is a plugin's id. */
export function checkSnapshotterName(name: string): void {
  if (typeof name !== 'string' || !/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(name)) {
    throw invalidArgument('snapshotter', "be a plugin's id, such as overlayfs", name);
  }
}

/** A lease's id goes into a header, which takes plain ASCII. */
export function checkLease(lease: string | undefined): void {
  if (lease === undefined || (typeof lease === 'string' && /^[\x21-\x7e]{1,1024}$/.test(lease)))
    return;
  throw invalidArgument('lease', 'be the id of a lease', lease);
}

/** What a new snapshot is made with. */
export function checkNew(options: {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly lease?: string | undefined;
  readonly image?: string | undefined;
  readonly parent?: string | undefined;
}): void {
  const { labels = {}, lease, image, parent } = options;
  checkLabels('labels', labels);
  checkLease(lease);
  if (parent !== undefined) checkKey(parent, 'parent');
  if (image !== undefined && parent !== undefined) {
    throw invalidArgument('parent', 'be left out when an image is given');
  }
}

export function checkFilters(filters: readonly string[]): void {
  if (!(Array.isArray(filters) && filters.every((filter) => typeof filter === 'string'))) {
    throw invalidArgument('filters', 'be a list of texts', filters);
  }
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
