import type { DescMethod } from '@bufbuild/protobuf';
import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import type { CallOptions } from '../rpc/call.js';

/** What grpc-js needs to know of a method. */
export interface CallFrame {
  readonly path: string;
  readonly serialize: (message: Message) => Buffer;
  readonly deserialize: (bytes: Buffer) => Message;
}

const frames = new WeakMap<DescMethod, CallFrame>();

export function frameOf(method: DescMethod): CallFrame {
  const known = frames.get(method);
  if (known !== undefined) return known;
  const frame: CallFrame = {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (message) => serialize(method.input, message),
    deserialize: (bytes) => fromBinary(method.output, bytes),
  };
  frames.set(method, frame);
  return frame;
}

export function metadataOf({ headers = {}, waitForReady = false }: CallOptions): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

/** The encoder's bytes as a Buffer, without a copy. */
function serialize(schema: DescMessage, message: Message): Buffer {
  const bytes = toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
