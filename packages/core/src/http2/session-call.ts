import type { OutgoingHttpHeaders } from 'node:http2';
import { CtrdError } from '../errors/index.js';
import { checkHeaders } from '../wire/headers.js';
import { type Status, statusError } from '../wire/status.js';
import { statusCode } from '../wire/status-code.js';
import type { OpenCall, WireCall, WireListener } from '../wire/wire-call.js';
import { type Exchange, exchange, type Outcome } from './exchange.js';
import type { Link } from './link.js';
import type { Session } from './session.js';

/** How often a call is made that the daemon refuses without a look at it. */
const mostAttempts = 3;

/** Calls on the session of a link, which wait for it. */
export function sessionCalls(link: Link, maxMessageBytes: number): OpenCall {
  return (method, { headers = {}, waitForReady = false }) => {
    checkHeaders(headers);
    const sent = {
      ...headers,
      ':method': 'POST',
      ':path': `/${method.parent.typeName}/${method.name}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const failureOf = (status: Status) =>
      status.code === statusCode.OK ? undefined : statusError(status, method);
    return sessionCall(link, { headers: sent, patient: waitForReady, maxMessageBytes, failureOf });
  };
}

interface Settings {
  readonly headers: OutgoingHttpHeaders;
  readonly patient: boolean;
  readonly maxMessageBytes: number;
  readonly failureOf: (status: Status) => CtrdError | undefined;
}

function sessionCall(link: Link, settings: Settings): WireCall {
  const { headers, patient, maxMessageBytes, failureOf } = settings;
  let listener: WireListener | undefined;
  let waiting: Disposable | undefined;
  let inner: Exchange | undefined;
  let attempts = 0;
  let asked = 0;
  let answered = false;
  /** What waits for a stream; the first message also while it might have to be sent again. */
  let held: Uint8Array[] = [];
  let taken = () => {};
  let sent = 0;
  let halfClosed = false;

  function begin(): void {
    const { session } = link;
    if (session !== undefined) on(session);
    else waiting = link.wait({ patient, ready: on, failed: end });
  }

  function on(session: Session): void {
    waiting = undefined;
    attempts += 1;
    const call = exchange(session.request(headers), maxMessageBytes, {
      message(bytes) {
        answered = true;
        listener?.message(bytes);
      },
      end: ended,
    });
    inner = call;
    for (let reads = 0; reads < asked; reads += 1) call.read();
    for (const message of held) void call.send(message).then(taken);
    if (halfClosed) call.halfClose();
  }

  function ended(outcome: Outcome): void {
    if (outcome.kind === 'failed') end(outcome.error);
    else if (outcome.kind === 'status') end(failureOf(outcome.status));
    else if (attempts >= mostAttempts || sent > 1 || answered) end(refused());
    else {
      inner = undefined;
      begin();
    }
  }

  function end(failure: CtrdError | undefined): void {
    held = [];
    listener?.end(failure);
    listener = undefined;
  }

  return {
    start(to) {
      listener = to;
      asked = 1;
      begin();
    },
    read() {
      asked += 1;
      inner?.read();
    },
    send(message) {
      sent += 1;
      if (inner !== undefined) {
        held = sent === 1 ? [message] : [];
        return inner.send(message);
      }
      held.push(message);
      return new Promise((resolve) => {
        taken = resolve;
      });
    },
    halfClose() {
      halfClosed = true;
      inner?.halfClose();
    },
    cancel() {
      inner?.cancel();
      if (waiting === undefined) return;
      waiting[Symbol.dispose]();
      end(new CtrdError('was cancelled', { code: 'aborted' }));
    },
  };
}

function refused(): CtrdError {
  return new CtrdError('the daemon refused the stream of the call', {
    code: 'unavailable',
    reason: 'dropped',
  });
}
