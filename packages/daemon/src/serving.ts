import { create } from '@bufbuild/protobuf';
import { Health, HealthCheckRequestSchema } from '@ctrd/api/grpc/health/v1';
import { abortError, CtrdError, hasCode, toCtrdError } from '@ctrd/core';
import { http2Connector } from '@ctrd/core/http2';
import type { Layout } from './layout.js';
import { logTail } from './log.js';

/** Resolves when the daemon answers on its socket. */
export async function untilServing(
  layout: Layout,
  { signal, ended }: { signal: AbortSignal; ended: Promise<string> },
): Promise<void> {
  const stop = new AbortController();
  const gaveUp = ended.then(async (how) => {
    throw new CtrdError(`containerd ended while it started (${how}):\n${await logTail(layout)}`, {
      code: 'failed-precondition',
      reason: 'ended',
      subject: layout.folder,
    });
  });
  try {
    await Promise.race([answers(layout, AbortSignal.any([signal, stop.signal])), gaveUp]);
  } catch (error) {
    if (signal.aborted && hasCode(signal.reason, 'timeout')) {
      throw new CtrdError(
        `containerd does not serve in time; its log ends:\n${await logTail(layout)}`,
        {
          code: 'timeout',
          subject: layout.folder,
          cause: error,
        },
      );
    }
    throw signal.aborted ? abortError(signal) : toCtrdError(error);
  } finally {
    stop.abort();
    gaveUp.catch(() => {});
  }
}

async function answers(layout: Layout, signal: AbortSignal): Promise<void> {
  const connection = http2Connector().open(layout.socket);
  try {
    // The connection tries again by itself while the socket is not there.
    await connection.unary({
      method: Health.method.check,
      request: create(HealthCheckRequestSchema),
      options: { signal, waitForReady: true },
    });
  } finally {
    await connection.close();
  }
}
