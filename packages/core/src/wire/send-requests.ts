import type { DescMessage, Message } from '@bufbuild/protobuf';
import { encode } from './messages.js';
import type { WireCall } from './wire-call.js';

/** Requests being sent. */
export interface Sending {
  /** The call is over: sends no more, and lets go of the source. */
  stop(): void;
}

/**
 * Sends requests as fast as the daemon takes them, one at a time, and then closes that side of the
 * call. A failure of the source goes to `fail`.
 */
export function sendRequests(
  call: Pick<WireCall, 'send' | 'halfClose'>,
  schema: DescMessage,
  requests: AsyncIterable<Message>,
  fail: (error: unknown) => void,
): Sending {
  let stopped = false;
  let letGo = () => {};
  let source: AsyncIterator<Message> | undefined;

  /** Resolves when there is room for another message, or the call is over: that the call does not say. */
  function send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      letGo = resolve;
      void call.send(bytes).then(resolve);
    });
  }

  async function pump(): Promise<void> {
    source = requests[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await source.next();
      if (stopped) return;
      if (done === true) return call.halfClose();
      await send(encode(schema, value));
      if (stopped) return;
    }
  }

  async function release(): Promise<void> {
    try {
      await source?.return?.();
    } catch {
      // The call is over: what the source's clean-up says is about nothing any more.
    }
  }

  pump().catch((error: unknown) => {
    if (!stopped) fail(error);
  });
  return {
    stop() {
      if (stopped) return;
      stopped = true;
      letGo();
      // Not awaited: a source may be waiting for something that never comes.
      void release();
    },
  };
}
