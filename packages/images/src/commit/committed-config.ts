import { changedConfig, type ImageChanges } from './image-changes.js';

/** What a commit says about itself. */
export interface CommitFacts {
  readonly created: Date;
  readonly createdBy: string | undefined;
  readonly author: string | undefined;
  readonly comment: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The config of an image on top of another's: everything in the base's document stays, known here
 * or not (health checks, ports, volumes, ONBUILD), but what is said of the base's own making.
 *
 * @param diffId - of the new layer; `undefined` when nothing has changed and there is none.
 */
export function committedConfig(
  base: Json,
  diffId: string | undefined,
  changes: ImageChanges,
  { created, createdBy, author, comment }: CommitFacts,
): Json {
  // Docker's: the container that the base was committed from.
  const { container: _, container_config: __, ...kept } = base;
  const rootfs = (kept['rootfs'] ?? {}) as Json;
  const diffIds = list(rootfs['diff_ids']);
  return {
    ...kept,
    created: created.toISOString(),
    ...(author === undefined ? {} : { author }),
    config: changedConfig((kept['config'] ?? {}) as Json, changes),
    rootfs: {
      ...rootfs,
      type: 'layers',
      diff_ids: diffId === undefined ? diffIds : [...diffIds, diffId],
    },
    history: [
      ...list(kept['history']),
      {
        created: created.toISOString(),
        ...(createdBy === undefined ? {} : { created_by: createdBy }),
        ...(author === undefined ? {} : { author }),
        ...(comment === undefined ? {} : { comment }),
        ...(diffId === undefined ? { empty_layer: true } : {}),
      },
    ],
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
