import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { hasCode } from '../errors/index.js';
import type { UnaryCall } from './call.js';
import type { RpcInterceptor } from './interceptor.js';
import { shortened } from './shortened.js';

/**
 * Repeats a read once when its connection broke: a daemon that restarts drops what is under way.
 * Only calls that the API marks as free of side effects; anything else might have been done.
 */
export const retryReads: RpcInterceptor = {
  async unary(call, next) {
    const begin = performance.now();
    try {
      return await next(call);
    } catch (error) {
      const dropped = hasCode(error, 'unavailable') && error.reason === 'dropped';
      if (!dropped || !isRead(call) || call.options.signal?.aborted === true) throw error;
      return await next(shortened(call, performance.now() - begin));
    }
  },
};

function isRead({ method }: UnaryCall): boolean {
  return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}
