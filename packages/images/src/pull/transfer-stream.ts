import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { StreamInitSchema, Streaming } from '@ctrd/api/services/streaming/v1';
import { CtrdError, type Rpc } from '@ctrd/core';

/** A message in an Any, as the daemon wants it: the type's bare name. */
export type Packed = Pick<Any, 'typeUrl' | 'value'>;

export function pack<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Packed {
  const value = toBinary(schema, create(schema, init)) as Uint8Array<ArrayBuffer>;
  return { typeUrl: schema.typeName, value };
}

/** A stream from the daemon's transfer service to its caller. */
export interface TransferStream {
  /** By which the transfer names it. */
  readonly id: string;
  /** What the daemon says, until it or the signal ends. */
  readonly messages: AsyncIterable<Packed>;
}

/**
 * Opens a stream; it is there when this resolves. Throws `unimplemented` when the daemon has no such
 * service (1.6).
 */
export async function openTransferStream(
  rpc: Rpc,
  kind: string,
  signal: AbortSignal,
): Promise<TransferStream> {
  const id = `${kind}-${rpc.namespace}-${randomBytes(9).toString('base64url')}`;
  const answers = rpc
    .client(Streaming)
    .stream(opening(id, signal), { signal, role: 'stream' })
    [Symbol.asyncIterator]();
  const { done } = await answers.next();
  if (done === true) {
    throw new CtrdError('the daemon ended a stream at once', { code: 'unavailable', subject: id });
  }
  return { id, messages: { [Symbol.asyncIterator]: () => answers } };
}

/** The first message says which stream it is; after that this side stays open, and says nothing. */
async function* opening(id: string, signal: AbortSignal): AsyncGenerator<Packed> {
  yield pack(StreamInitSchema, { id });
  if (!signal.aborted) await once(signal, 'abort');
}
