import { invalidArgument } from '../errors/index.js';

/**
 * The path of a field in a filter: `topic`, or its parts: `['labels', 'team.example/name']`,
 * `['event', 'container_id']`. Parts of any text are quoted.
 */
export type FilterField = string | readonly string[];

/**
 * Conditions in containerd's grammar, for every `filters` option. Any text is a valid value: it is
 * quoted as the daemon reads it. Throws `invalid-argument` for what no daemon could be told.
 */
export const filters = {
  equals: (field: FilterField, value: string): string => `${path(field)}==${quoted(value)}`,
  differs: (field: FilterField, value: string): string => `${path(field)}!=${quoted(value)}`,
  /** `pattern` in Go's syntax (RE2); it may match anywhere in the value. */
  matches: (field: FilterField, pattern: string): string => `${path(field)}~=${quoted(pattern)}`,
  present: (field: FilterField): string => path(field),
  /** All of them at once. Several entries of a `filters` option are alternatives. */
  all: (...conditions: readonly string[]): string => {
    if (conditions.length === 0) throw invalidArgument('conditions', 'not be empty');
    return conditions.join(',');
  },
} as const;

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

function path(field: FilterField): string {
  const parts = typeof field === 'string' ? [field] : field;
  if (parts.length === 0) throw invalidArgument('field', 'have at least one part');
  return parts.map((part) => (plainName.test(part) ? part : quoted(part))).join('.');
}

/** As Go quotes, of which JSON's way is a part, but for halves of surrogate pairs. */
function quoted(text: string): string {
  if (typeof text !== 'string' || /\p{Surrogate}/u.test(text)) {
    throw invalidArgument('value', 'be well-formed text', text);
  }
  return JSON.stringify(text);
}
