// tsyringe refuses to load without it.
import 'reflect-metadata';
import { type DependencyContainer, container as globalContainer } from 'tsyringe';
import { CtrdError, toCtrdError } from '../errors/index.js';
import type { Binding, Factory, Resolver } from './binding.js';
import type { Contributions, Token } from './token.js';

/** The parts of one client: made when first asked for, given back in reverse order. */
export interface Scope extends Resolver, AsyncDisposable {
  bind(binding: Binding): void;
  contribute(to: Contributions, make: Factory<unknown>): void;
  has(token: Token): boolean;
}

/**
 * A scope on a child of tsyringe's container, or of the host's: what the host has registered under
 * a token's key is found when no plugin provides it. tsyringe keeps the registrations; naming
 * cycles, shares and disposal are not its, and are added here.
 */
export function createScope(parent: DependencyContainer = globalContainer): Scope {
  const container = parent.createChildContainer();
  const shares = new Map<symbol, Factory<unknown>[]>();
  const making: string[] = [];
  const made: unknown[] = [];
  const instances = new Map<unknown, unknown>();

  /** Makes a part once, and remembers it for disposal. */
  function makeOnce(key: unknown, name: string, make: Factory<unknown>, owned: boolean): unknown {
    if (instances.has(key)) return instances.get(key);
    if (making.includes(name)) {
      throw new CtrdError(`parts need each other in a circle: ${[...making, name].join(' → ')}`, {
        code: 'failed-precondition',
        reason: 'cycle',
      });
    }
    making.push(name);
    try {
      const instance = make(scope);
      instances.set(key, instance);
      if (owned) made.push(instance);
      return instance;
    } finally {
      making.pop();
    }
  }

  const scope: Scope = {
    bind({ token, make, owned }) {
      container.register(token.key, {
        useFactory: () => makeOnce(token.key, token.name, make, owned),
      });
    },
    contribute(to, make) {
      shares.set(to.key, [...(shares.get(to.key) ?? []), make]);
    },
    has: (token) => container.isRegistered(token.key, true),
    get<T>(token: Token<T>): T {
      if (!scope.has(token)) throw missing(token, making.at(-1));
      return container.resolve<T>(token.key);
    },
    find: <T>(token: Token<T>): T | undefined => (scope.has(token) ? scope.get(token) : undefined),
    all: <T>(to: Contributions<T>): readonly T[] =>
      (shares.get(to.key) ?? []).map((make) => makeOnce(make, to.name, make, true) as T),
    async [Symbol.asyncDispose]() {
      const failures: CtrdError[] = [];
      for (const instance of made.splice(0).reverse()) {
        try {
          await disposeOf(instance);
        } catch (error) {
          failures.push(toCtrdError(error));
        }
      }
      instances.clear();
      container.clearInstances();
      if (failures.length > 0) throw new AggregateError(failures, 'parts could not be given back');
    },
  };
  return scope;
}

function missing(token: Token, asker: string | undefined): CtrdError {
  const who = asker === undefined ? '' : `, which ${asker} needs`;
  const hint = token.from === undefined ? '' : `: add ${token.from}`;
  return new CtrdError(`nothing provides ${token.name}${who}${hint}`, {
    code: 'failed-precondition',
    reason: 'missing-part',
    subject: token.name,
  });
}

async function disposeOf(instance: unknown): Promise<void> {
  if (typeof instance !== 'object' || instance === null) return;
  const disposable = instance as Partial<AsyncDisposable & Disposable>;
  if (disposable[Symbol.asyncDispose] !== undefined) await disposable[Symbol.asyncDispose]?.();
  else disposable[Symbol.dispose]?.();
}
