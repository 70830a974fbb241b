import { Namespaces } from '@ctrd/api/services/namespaces/v1';
import { CtrdError, hasCode, toCtrdError } from '../errors/index.js';
import { throwIfAborted } from '../kernel/cancellation.js';
import type { Rpc } from '../rpc/rpc.js';
import { purgeSteps, unlessGone } from './purge-steps.js';

/**
 * Empties a namespace and deletes it: first what runs, then what refers to others, last what is
 * referred to. What cannot be removed does not keep the rest; it is told of in the end.
 */
export async function purgeNamespace(rpc: Rpc, name: string, signal: AbortSignal): Promise<void> {
  const failures: CtrdError[] = [];
  const remaining: string[] = [];
  for (const { kind, items } of await purgeSteps(rpc, name, signal)) {
    for (const { id, remove } of await items()) {
      throwIfAborted(signal);
      try {
        await unlessGone(remove());
      } catch (error) {
        throwIfAborted(signal);
        remaining.push(`${kind} ${id}`);
        failures.push(toCtrdError(error));
      }
    }
  }
  if (failures.length > 0) throw notEmpty(remaining, new AggregateError(failures, 'not removed'));
  try {
    await rpc.client(Namespaces).delete({ name }, { signal });
  } catch (error) {
    // Somebody works in it, or it holds things of a kind that is not known here.
    throw hasCode(error, 'failed-precondition') ? notEmpty([error.rawMessage], error) : error;
  }
}

const shown = 5;

function notEmpty(remaining: readonly string[], cause: unknown): CtrdError {
  const more = remaining.length > shown ? ` and ${remaining.length - shown} more` : '';
  return new CtrdError(`is not empty: ${remaining.slice(0, shown).join(', ')}${more}`, {
    ...{ code: 'failed-precondition', reason: 'not-empty', cause },
  });
}
