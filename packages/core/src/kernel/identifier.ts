/**
 * Namespaces and the ids of containers and processes: containerd's rule (`pkg/identifiers`), the
 * same on every line.
 */
export function isIdentifier(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length <= 76 &&
    /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/.test(text)
  );
}

/** What {@link isIdentifier} asks for, as `invalidArgument` takes it. */
export const identifierRule = 'be 1 to 76 letters and digits, with single . _ or - between them';
