import type { BlobInfo } from '../content/content-store.js';

/** containerd's limit of a label: key and value. */
const labelBytes = 4096;

/** The label that says in which repositories of a registry a blob is, as containerd's clients write it. */
export function sourceLabel(domain: string): string {
  return `containerd.io/distribution.source.${domain}`;
}

/** The repositories of a registry that had a blob when somebody last looked. */
export function sourcesOf({ labels }: Pick<BlobInfo, 'labels'>, domain: string): readonly string[] {
  return (labels[sourceLabel(domain)] ?? '').split(',').filter((repository) => repository !== '');
}

/** The repository to mount from: the one whose path has most in common with the target's. */
export function mountSource(sources: readonly string[], repository: string): string | undefined {
  const others = sources.filter((source) => source !== repository);
  const shared = (source: string) => commonParts(source.split('/'), repository.split('/'));
  return others.sort((a, b) => shared(b) - shared(a))[0];
}

/** The label with one more repository; `undefined` when nothing changes, or there is no room. */
export function withSource(
  info: Pick<BlobInfo, 'labels'>,
  domain: string,
  repository: string,
): Readonly<Record<string, string>> | undefined {
  const known = sourcesOf(info, domain);
  const key = sourceLabel(domain);
  const value = [...new Set([...known, repository])].sort().join(',');
  if (known.includes(repository) || key.length + value.length > labelBytes) return undefined;
  return { [key]: value };
}

function commonParts(a: readonly string[], b: readonly string[]): number {
  const end = a.findIndex((part, index) => part !== b[index]);
  return end === -1 ? a.length : end;
}
