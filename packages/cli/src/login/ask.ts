import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CtrdError, invalidArgument } from '@ctrd/client/core';

/** Asks on the terminal; what is typed shows. */
export async function askText(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) throw invalidArgument('--username', 'be given without a terminal');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question, { signal }).catch(interrupted)).trim();
  } finally {
    lines.close();
  }
}

/** Asks on the terminal; what is typed does not show. */
export async function askSecret(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    throw invalidArgument('--password-stdin', 'be given without a terminal');
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // Not before the terminal has stopped to show what is typed.
  process.stderr.write(question);
  try {
    return await lines.question('', { signal }).catch(interrupted);
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** A secret from our input, without the break at its end. */
export async function secretFromInput(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

/** By Ctrl-C, which is a key here and no signal, by Ctrl-D, or by a signal. */
function interrupted(cause: unknown): never {
  throw new CtrdError('interrupted', { code: 'aborted', reason: 'interrupted', cause });
}
