import type { DescMethod } from '@bufbuild/protobuf';
import type { ErrorCode } from '../errors/index.js';
import { statusCode } from './status-code.js';
import { connectReason } from './unreachable.js';

/** A code, and a finer word under it. */
export interface Meaning {
  readonly code: ErrorCode;
  readonly reason?: string | undefined;
}

const dropped: Meaning = { code: 'unavailable', reason: 'dropped' };

/**
 * What a status means beyond its code. The one place where the words of grpc-js, of the daemon and
 * of its shims are read, since some of what they mean is in no code; tests hold each text against
 * the real thing. Undefined when the code says all.
 */
export function meaningOf(code: number, text: string, method: DescMethod): Meaning | undefined {
  switch (code) {
    case statusCode.UNAVAILABLE:
      return unavailable(text, method);
    case statusCode.CANCELLED:
      // Not by the caller nor by its clock, which are asked first: the daemon cut the call off.
      return dropped;
    case statusCode.INTERNAL:
      // grpc-js, of a call whose stream was reset or could not begin.
      return /^(?:Received RST_STREAM with code|Failed to start HTTP\/2 stream)/.test(text)
        ? dropped
        : undefined;
    case statusCode.RESOURCE_EXHAUSTED:
      // grpc-js and grpc-go, of a message over the limit on its way in or out.
      if (/message (?:larger than max|with a size larger than)/.test(text)) {
        return { code: 'too-large' };
      }
      // The peer closed the connection, for too many pings.
      return text.startsWith('Bandwidth exhausted') ? dropped : undefined;
    case statusCode.NOT_FOUND:
      return notFound(text);
    case statusCode.UNKNOWN:
      return unknown(text);
    default:
      return undefined;
  }
}

function unavailable(text: string, method: DescMethod): Meaning {
  // The content store calls a reference that another writer holds unavailable.
  if (
    method.parent.typeName === 'containerd.services.content.v1.Content' &&
    /\blocked\b/.test(text)
  ) {
    return { code: 'lock-failed' };
  }
  const refusal = /\bconnect (E[A-Z]+)\b/.exec(text)?.[1];
  if (refusal !== undefined) return { code: 'unavailable', reason: connectReason(refusal) };
  return local.test(text) ? dropped : { code: 'unavailable', reason: 'daemon' };
}

/** What grpc-js itself says of a connection that was lost, or that never came to be. */
const local =
  /^(?:Connection dropped|No connection established|Stream refused by server|Write (?:error|failed)|(?:read|write) E[A-Z]+|Channel closed)/;

/** "not found" is also said of what is there. */
function notFound(text: string): Meaning | undefined {
  if (text.includes('process already finished')) return { code: 'not-found', reason: 'finished' };
  if (/\blease .*does not exist|\blease .*not found/.test(text)) {
    return { code: 'not-found', reason: 'lease' };
  }
  return undefined;
}

/** containerd, its shims and runc put much into UNKNOWN. */
function unknown(text: string): Meaning | undefined {
  if (text.includes('no space left on device')) return { code: 'storage-full' };
  // The shim went away under the call; how its process ended is another question.
  if (text.includes('ttrpc: closed')) return { code: 'unavailable', reason: 'shim' };
  // "cannot start a running process", "cannot exec in a stopped state", "cannot pause task in created
  // state", …
  if (/\bcannot \w+ (?:task )?(?:in )?(?:an? )?\w+ (?:process|state|task|container)\b/.test(text)) {
    return { code: 'failed-precondition', reason: 'state' };
  }
  if (text.includes('failed parsing subscription filters')) return { code: 'invalid-argument' };
  // runc's, of its helper for checkpoints: there is none, or it cannot do what is asked.
  if (/\bCRIU version check failed: .*not found/.test(text)) {
    return { code: 'unimplemented', reason: 'criu' };
  }
  if (/\bcriu failed: /.test(text)) return { code: 'failed-precondition', reason: 'criu' };
  // The OCI runtime's own failure, mostly that the command cannot be run.
  if (/\bOCI runtime \w+ failed\b/.test(text)) {
    return { code: 'failed-precondition', reason: runtimeReason(text) };
  }
  if (/\bunmount .*device or resource busy/.test(text)) {
    return { code: 'failed-precondition', reason: 'in-use' };
  }
  // After the runtime's, which says it of a container's own root.
  if (text.includes('read-only file system')) {
    return { code: 'failed-precondition', reason: 'read-only' };
  }
  return undefined;
}

/** A missing mount source is no missing command, though the words are the same. */
function runtimeReason(text: string): string {
  if (/executable file .*not found|\bexec: .*no such file or directory/i.test(text)) {
    return 'command-not-found';
  }
  if (/\bexec: .*(?:permission denied|is a directory)|exec format error/i.test(text)) {
    return 'command-not-executable';
  }
  return 'runtime';
}
