import type { ContainerInfo, ContainerOptions } from '@ctrd/client';

type Extensions = NonNullable<ContainerOptions['extensions']>;

/**
 * Notes on a container's record that it is removed when it has ended (`--rm`), and by whom: the
 * `Owner` of a process; `nobody` for one that is yet to be started.
 */
export function removalBy(owner: string): Extensions {
  return { [noted]: { typeUrl: noted, value: new TextEncoder().encode(owner) } };
}

export const nobody = '';

/** Who removes a container when it has ended; undefined for one that stays. */
export function removerOf({ extensions }: Pick<ContainerInfo, 'extensions'>): string | undefined {
  const found = extensions[noted];
  return found === undefined ? undefined : new TextDecoder().decode(found.value);
}

/** Not a label: an image may have chosen those. */
const noted = 'ctrd-cli/removed-by';
