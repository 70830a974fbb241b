declare const made: unique symbol;

/**
 * The key of one swappable part: an interface's run-time name. A token is a constant with the same
 * name as its interface, so that a part is one name:
 *
 * ```ts
 * export interface Clock { now(): number }
 * export const Clock: Token<Clock, 'Clock'> = token('Clock');
 * ```
 *
 * `Name` is what the compiler compares when it checks what a plugin needs against what is there.
 */
export interface Token<out T = unknown, out Name extends string = string> {
  readonly kind: 'token';
  readonly name: Name;
  /** The same in every copy of a package. */
  readonly key: symbol;
  /** The package that usually provides it, for error messages. */
  readonly from: string | undefined;
  readonly [made]?: T;
}

/** The key of a part that many plugins give a share of; it is read as the list of all shares. */
export interface Contributions<out T = unknown> {
  readonly kind: 'contributions';
  readonly name: string;
  readonly key: symbol;
  readonly [made]?: T;
}

/**
 * Makes a {@link Token}. The name must be unique among all tokens of a program; `from` says what to
 * add when nobody provides it.
 */
export function token<T, const Name extends string>(
  name: Name,
  options: { from?: string } = {},
): Token<T, Name> {
  return { kind: 'token', name, key: Symbol.for(`ctrd.token.${name}`), from: options.from };
}

/** Makes a {@link Contributions} key. */
export function contributions<T>(name: string): Contributions<T> {
  return { kind: 'contributions', name, key: Symbol.for(`ctrd.contributions.${name}`) };
}
