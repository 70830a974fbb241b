import { packTar, type TarEntry } from 'modern-tar';

/** One entry of a layer; paths have no leading slash. */
export interface Entry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A file's bytes. */
  readonly content?: Uint8Array;
  /** Where a symbolic link points. */
  readonly target?: string;
}

type Owner = { mode?: number; uid?: number; gid?: number };

/** A file; `.wh.NAME` is a whiteout, `.wh..wh..opq` makes its folder opaque. */
export function file(path: string, content: string | Uint8Array, owner: Owner = {}): Entry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, ...owner, content: bytes };
}

/** A folder. */
export function dir(path: string, owner: Owner = {}): Entry {
  return { path, type: 'directory', mode: 0o755, uid: 0, gid: 0, ...owner };
}

/** A symbolic link. */
export function symlink(path: string, target: string): Entry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, target };
}

/** The tar of entries, the same bytes for the same entries: every time stamp is the epoch. */
export function tar(entries: readonly Entry[]): Promise<Uint8Array> {
  return packTar(entries.map(tarEntry));
}

function tarEntry({ path, type, mode, uid, gid, content, target }: Entry): TarEntry {
  const header = { type, mode, uid, gid, mtime: new Date(0), size: content?.length ?? 0 };
  const name = type === 'directory' ? `${path}/` : path;
  return {
    header: { ...header, name, ...(target === undefined ? {} : { linkname: target }) },
    ...(content === undefined ? {} : { body: content }),
  };
}
