/** What a token is asked for to read a repository. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/** What a token is asked for to write to a repository. */
export function pushScope(repository: string): string {
  return `repository:${repository}:pull,push`;
}
