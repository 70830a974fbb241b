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
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw failed(name, 'its name is not one of a program');
  const { code, output } = await run(`docker-credential-${name}`, server, signal);
  if (code === undefined || (code !== 0 && /credentials not found/i.test(output))) return undefined;
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

function run(
  program: string,
  input: string,
  signal: AbortSignal,
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      ...{ stdio: ['pipe', 'pipe', 'ignore'], signal, timeout: timeoutMs, killSignal: 'SIGKILL' },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > outputBytes) child.kill('SIGKILL');
    });
    child.stdin.on('error', () => {}).end(`${input}\n`);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(abortError(signal));
      else if (error.code === 'ENOENT') resolve({ code: undefined, output: '' });
      else reject(failed(program, error.message));
    });
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

function failed(helper: string, why: string): CtrdError {
  return new CtrdError(`the credential helper ${JSON.stringify(helper)} failed: ${why}`, {
    code: 'failed-precondition',
    reason: 'credential-helper',
  });
}
