import { CtrdError } from '@ctrd/client/core';
import { isReaderGone, readerGone, readerGoneCode } from './terminal/lost-output.js';

/** Docker's codes: 125 for ctrd itself, 126 and 127 for the program that was to run. */
export function exitCodeOf(error: unknown): number {
  if (isQuiet(error)) return readerGoneCode;
  if (!(error instanceof CtrdError)) return 125;
  if (error.reason === 'command-not-executable') return 126;
  if (error.reason === 'command-not-found') return 127;
  return error.code === 'aborted' && error.reason === 'interrupted' ? 130 : 125;
}

/** Nobody is there to be told: whoever read the output has gone. */
export function isQuiet(error: unknown): boolean {
  if (error instanceof CtrdError) return error.reason === readerGone;
  return error instanceof Error && isReaderGone(error);
}

/** What happened, to what, and what to try. */
export function explain(error: unknown): string {
  if (!(error instanceof CtrdError)) return error instanceof Error ? error.message : String(error);
  const what = messageOf(error);
  const hint = hintFor(error);
  return hint === undefined ? what : `${what}\n  ${hint}`;
}

/** Without the method of the library: who uses the command knows its words. */
function messageOf({ rawMessage, subject = '' }: CtrdError): string {
  return rawMessage.includes(subject) ? rawMessage : `${subject}: ${rawMessage}`;
}

/** Methods whose other side is a registry, not the daemon. */
const ofRegistries = ['pullImage', 'pushImage', 'checkLogin'];

function hintFor({ code, reason, operation, subject }: CtrdError): string | undefined {
  const ofRegistry = ofRegistries.includes(operation ?? '');
  if (code === 'unavailable' && reason === 'forbidden') {
    return 'Run as root, or as a user who may open the socket.';
  }
  if (code === 'unavailable' && ofRegistry) {
    return 'Is the registry reachable from here? HTTPS_PROXY and /etc/containerd/certs.d are followed.';
  }
  if (code === 'unavailable') {
    return 'Its socket is set with --address or CONTAINERD_ADDRESS; ctrd daemon start has one of its own.';
  }
  if (code === 'permission-denied' && ofRegistry) {
    return reason === 'policy' ? undefined : 'May this login do that? ctrd login REGISTRY';
  }
  if (code === 'permission-denied') return 'Run as root, or as a user who may open the socket.';
  if (reason === 'no-times')
    return 'Times are noted of containers made with --log-driver json-file.';
  if (reason === 'no-log') {
    return 'Output is kept of containers that run detached without -t, or with --log-driver json-file.';
  }
  if (reason === 'no-terminal') return 'Leave out --tty, or --interactive; attach has --no-stdin.';
  if (reason === 'in-use') return 'Stop the container first, or use --force.';
  if (code === 'already-exists' && operation === 'createContainer') {
    return `Choose another --name, or remove it with: ctrd rm --force ${subject ?? 'NAME'}`;
  }
  if (code === 'unauthenticated') return 'Log in first: ctrd login REGISTRY';
  if (code === 'not-found' && operation === 'pullImage') {
    return 'Check the reference; a private image needs a login.';
  }
  if (code === 'not-found' && operation === 'getContainer') {
    return 'ctrd ps -a lists the containers of this namespace, ctrd namespace ls the namespaces.';
  }
  if (code === 'not-found' && (operation === 'getImage' || operation === 'getOciImage')) {
    return 'ctrd images lists what there is; ctrd pull fetches an image.';
  }
  return undefined;
}
