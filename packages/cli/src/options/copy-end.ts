/** One end of a copy. */
export interface CopyEnd {
  /** Undefined for a path on this machine. */
  readonly container: string | undefined;
  readonly path: string;
}

/** Reads `CONTAINER:PATH`; what begins with `/` or `.` is a path here, whatever is in it. */
export function parseCopyEnd(text: string): CopyEnd {
  const [, container, path] = /^([^/.:][^/:]*):(.*)$/s.exec(text) ?? [];
  if (container === undefined || path === undefined) return { container: undefined, path: text };
  return { container, path: path.startsWith('/') ? path : `/${path}` };
}

/** Gives what is copied another name: the first in the path of each entry. */
export function withFirstName(name: string) {
  return <H extends { name: string }>(header: H): H => ({
    ...header,
    name: header.name.replace(/^[^/]+/, name),
  });
}
