import { type Channel, Metadata, status } from '@grpc/grpc-js';
import { checkHeaders } from '../wire/headers.js';
import { statusError } from '../wire/status.js';
import type { OpenCall } from '../wire/wire-call.js';

/**
 * Calls on grpc-js's channel, below its typed clients: bytes out, bytes in, no streams. They have no
 * time limit of their own: the caller's clock is in its signal.
 */
export function channelCalls(channel: Channel): OpenCall {
  return (method, { headers = {}, waitForReady = false }) => {
    checkHeaders(headers);
    const metadata = new Metadata({ waitForReady });
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const path = `/${method.parent.typeName}/${method.name}`;
    const call = channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null);
    return {
      start(listener) {
        call.start(metadata, {
          onReceiveMetadata() {},
          onReceiveMessage: (bytes: Buffer) => listener.message(bytes),
          onReceiveStatus: (ended) =>
            listener.end(ended.code === status.OK ? undefined : statusError(ended, method)),
        });
        call.startRead();
      },
      read: () => call.startRead(),
      send: (message) =>
        new Promise((resolve) => {
          const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
          call.sendMessageWithContext({ callback: () => resolve() }, bytes);
        }),
      halfClose: () => call.halfClose(),
      cancel: () => call.cancelWithStatus(status.CANCELLED, 'by the client'),
    };
  };
}
