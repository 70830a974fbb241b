import { CtrdError } from '@ctrd/core';

/**
 * A failure of one of several pulls or pushes says which: its subject is the reference. What it was
 * about before, a registry's host or a blob's digest, goes into the message. An error without a
 * subject gets its operation's, and stays as it is.
 *
 * @param image - the reference as it was given, and its normalized form; both are good subjects.
 */
export function aboutImage(
  error: unknown,
  { reference, name }: { readonly reference: string; readonly name: string },
): unknown {
  if (!(error instanceof CtrdError)) return error;
  const { subject, rawMessage, code, operation, field, reason, cause } = error;
  if (subject === undefined || subject === reference || subject === name) return error;
  const message = rawMessage.includes(subject) ? rawMessage : `${subject}: ${rawMessage}`;
  const facts = { code, operation, subject: reference, field, reason, cause };
  const told = new CtrdError(message, facts);
  if (error.stack !== undefined) told.stack = error.stack;
  return told;
}
