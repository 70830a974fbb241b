import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { type Channel, Metadata } from '@grpc/grpc-js';
import { CtrdError, invalidArgument } from '../errors/index.js';
import type { CallOptions } from '../rpc/call.js';

/** A call as grpc-js's channel makes it, below its typed clients: bytes out, bytes in, no streams. */
export type ChannelCall = ReturnType<Channel['createCall']>;

/** Makes a call, with no time limit of its own: the caller's clock is in its signal. */
export function createCall(channel: Channel, method: DescMethod): ChannelCall {
  const path = `/${method.parent.typeName}/${method.name}`;
  return channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null);
}

/** Throws `invalid-argument` for what cannot be a header. */
export function metadataOf({ headers = {}, waitForReady = false }: CallOptions): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [name, value] of Object.entries(headers)) {
    try {
      metadata.set(name, value);
    } catch {
      throw invalidArgument(`headers.${name}`, 'be printable ASCII', value);
    }
  }
  return metadata;
}

/** Throws `invalid-argument` for a value that its field cannot hold. */
export function encode(schema: DescMessage, message: Message): Buffer {
  try {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    const rule = `be a ${schema.typeName}: ${cause instanceof Error ? cause.message : cause}`;
    throw invalidArgument('request', rule);
  }
}

/** Throws `data-loss` for what is not such a message. Bytes in it are views of the input. */
export function decode(schema: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const message = `the answer is not a ${schema.typeName}`;
    throw new CtrdError(message, { code: 'data-loss', cause });
  }
}
