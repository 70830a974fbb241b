import { spawn } from 'node:child_process';
import { abortError, CtrdError } from '@ctrd/core';
import type { Credentials } from './credentials.js';

/** Milliseconds that a helper may take: some open a window and ask. */
const timeoutMs = 60_000;

const outputBytes = 65_536;

/**
 * Asks `docker-credential-NAME` for a server's credentials. A helper that knows none, or is not
 * there, answers nothing. Throws `failed-precondition` (reason `credential-helper`) when it fails
 * otherwise.
 */
export async function askCredentialHelper(
  name: string,
  server: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const { code, output } = await run(name, 'get', `${server}\n`, signal);
  if (code === undefined || (code !== 0 && knowsNone(output))) return undefined;
  if (code !== 0) throw failed(name, `it ended with ${code}`);
  let answer: { Username?: unknown; Secret?: unknown };
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(name, 'its answer is not JSON');
  }
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  // The word by which helpers say that the secret is a refresh token.
  if (username === '<token>') return { identityToken: secret };
  return username === '' ? undefined : { username, password: secret };
}

/** Gives a helper a login to keep. Throws as {@link askCredentialHelper}, also for one that is not there. */
export async function storeInHelper(
  name: string,
  server: string,
  { username, password }: { readonly username: string; readonly password: string },
  signal: AbortSignal,
): Promise<void> {
  const login = JSON.stringify({ ServerURL: server, Username: username, Secret: password });
  const { code } = await run(name, 'store', login, signal);
  if (code === undefined) throw failed(name, 'there is no such program');
  if (code !== 0) throw failed(name, `it ended with ${code}`);
}

/** Lets a helper forget a login, if it has one. */
export async function eraseInHelper(
  name: string,
  server: string,
  signal: AbortSignal,
): Promise<void> {
  const { code, output } = await run(name, 'erase', `${server}\n`, signal);
  if (code === undefined) throw failed(name, 'there is no such program');
  if (code !== 0 && !knowsNone(output)) throw failed(name, `it ended with ${code}`);
}

/** All helpers say it with the same words. */
const knowsNone = (output: string): boolean => /credentials not found/i.test(output);

/** What it prints may be a secret: nobody is shown it. Without a code, there is no such program. */
function run(
  helper: string,
  verb: 'get' | 'store' | 'erase',
  input: string,
  signal: AbortSignal,
): Promise<{ code: number | undefined; output: string }> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw failed(helper, 'its name is not one of a program');
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, [verb], {
      ...{ stdio: ['pipe', 'pipe', 'ignore'], signal, timeout: timeoutMs, killSignal: 'SIGKILL' },
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(abortError(signal));
      else if (error.code === 'ENOENT') resolve({ code: undefined, output: '' });
      else reject(failed(helper, error.message));
    });
    // One that cannot be started, for want of descriptors, has no streams.
    if (child.stdin === undefined) return;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > outputBytes) child.kill('SIGKILL');
    });
    child.stdin.on('error', () => {}).end(input);
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

function failed(helper: string, why: string): CtrdError {
  return new CtrdError(`the credential helper ${JSON.stringify(helper)} failed: ${why}`, {
    code: 'failed-precondition',
    reason: 'credential-helper',
  });
}
