import type { Contributions, Token } from './token.js';

/** Hands out parts by their token. */
export interface Resolver {
  /** The part. Throws `failed-precondition`, naming who to add, when nobody provides it. */
  get<T>(token: Token<T>): T;
  /** The part, or `undefined` when nobody provides it. */
  find<T>(token: Token<T>): T | undefined;
  /** Every share of a part, in the order of the plugins. */
  all<T>(contributions: Contributions<T>): readonly T[];
}

/**
 * How a part is made: once a client, when it is first asked for. What has `Symbol.asyncDispose`,
 * `Symbol.dispose` or neither is given back when the client closes, the youngest first.
 */
export type Factory<T> = (parts: Resolver) => T;

/** A token with the factory of its part. */
export interface Binding<Name extends string = string> {
  readonly token: Token<unknown, Name>;
  readonly make: Factory<unknown>;
  /** Whether the client disposes what was made. */
  readonly owned: boolean;
}

/** A share of a part that many contribute to. */
export interface Contribution {
  readonly to: Contributions;
  readonly make: Factory<unknown>;
}

/** Says how a token's part is made. */
export function bind<T, Name extends string>(
  token: Token<T, Name>,
  make: Factory<T>,
): Binding<Name> {
  return { token, make, owned: true };
}

/** Adds a share to a part that many contribute to. */
export function contribute<T>(to: Contributions<T>, make: Factory<T>): Contribution {
  return { to, make };
}
