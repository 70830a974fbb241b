import { CtrdError, toCtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { Address, Rpc } from '../rpc/rpc.js';
import { checkHealth } from './daemon-operations.js';

/**
 * Makes sure that the daemon serves, so that a wrong address shows at once and as what it is.
 * Throws `unavailable` with the reason, and a message that says what to do.
 */
export async function reachDaemon(
  rpc: Rpc,
  address: Address,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  using merged = mergeSignals({ timeoutMs }, signal);
  try {
    await checkHealth(rpc, merged.signal);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    throw unreachable(toCtrdError(error), address, timeoutMs);
  }
}

function unreachable(failure: CtrdError, { path }: Address, timeoutMs: number): CtrdError {
  const { code, rawMessage: why } = failure;
  const reason = reasonOf(failure);
  const message: Readonly<Record<string, string>> = {
    missing: 'there is no such socket: is containerd running, and is this its address?',
    refused: 'nobody listens on this socket: is containerd running?',
    forbidden: 'this user may not open the socket: run as root, or as a member of its group',
    unresponsive: `there was no answer within ${timeoutMs} ms: does containerd hang?`,
    foreign: `what listens on this socket is no containerd: ${why}`,
  };
  return new CtrdError(message[reason] ?? why, {
    code: 'unavailable',
    reason,
    operation: 'connect',
    subject: path,
    cause: code === 'unavailable' ? failure.cause : failure,
  });
}

function reasonOf({ code, reason }: CtrdError): string {
  if (code === 'timeout') return 'unresponsive';
  return code === 'unavailable' && reason !== undefined ? reason : 'foreign';
}
