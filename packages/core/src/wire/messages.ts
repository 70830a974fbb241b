import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { CtrdError, invalidArgument } from '../errors/index.js';

/** Throws `invalid-argument` for a value that its field cannot hold. */
export function encode(schema: DescMessage, message: Message): Uint8Array {
  try {
    return toBinary(schema, message);
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
