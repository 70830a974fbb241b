/** One way of authentication that a server offers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

/** Characters of a header that are looked at; the rest is nobody's honest challenge. */
const maxLength = 16_384;

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
const separators = /[ \t,]*/y;
const blanks = /[ \t]+/y;

/**
 * Reads `WWW-Authenticate`, in which a comma separates both challenges and their parameters. What
 * cannot be read ends the list: nothing after it can be trusted. Of a name given twice the first
 * value stays.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, maxLength);
  const challenges: Challenge[] = [];
  let at = 0;

  function eat(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  }

  /** `name=value`, or nothing eaten: the next word is a scheme. */
  function param(): readonly [string, string] | undefined {
    const start = at;
    const name = eat(token)?.[0];
    if (name !== undefined && eat(equals) !== undefined) {
      const value = eat(quoted)?.[1]?.replace(/\\(.)/gs, '$1') ?? eat(token)?.[0];
      if (value !== undefined) return [name.toLowerCase(), value];
    }
    at = start;
    return undefined;
  }

  for (eat(separators); at < text.length; eat(separators)) {
    const scheme = eat(token)?.[0];
    if (scheme === undefined) break;
    const params = new Map<string, string>();
    if (eat(blanks) !== undefined && eat(token68) === undefined) {
      for (let next = param(); next !== undefined; next = param()) {
        if (!params.has(next[0])) params.set(next[0], next[1]);
        eat(separators);
      }
    }
    challenges.push({ scheme: scheme.toLowerCase(), params });
  }
  return challenges;
}
