import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { CtrdError } from '@ctrd/client/core';

/** Gives a login to Docker's helper of a name, `docker-credential-NAME`. */
export async function storeInHelper(
  helper: string,
  login: { readonly key: string; readonly username: string; readonly password: string },
): Promise<void> {
  const { key, username, password } = login;
  const input = JSON.stringify({ ServerURL: key, Username: username, Secret: password });
  await ask(helper, 'store', input);
}

/** Lets a helper forget a login. Answers whether it had one. */
export async function eraseInHelper(helper: string, key: string): Promise<boolean> {
  try {
    await ask(helper, 'get', key);
  } catch (error) {
    // All helpers say the same when they have nothing.
    if (error instanceof CtrdError && /not found/i.test(error.message)) return false;
    throw error;
  }
  await ask(helper, 'erase', key);
  return true;
}

async function ask(helper: string, verb: string, input: string): Promise<void> {
  const program = `docker-credential-${helper}`;
  const failed = (what: string, cause?: unknown) =>
    new CtrdError(`${program} ${verb}: ${what}`, {
      ...{ code: 'failed-precondition', reason: 'credential-helper', cause },
    });
  if (!/^[\w.-]+$/.test(helper)) throw failed('this is no name of a helper');
  const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(failed(`it cannot be run: ${error.message}`, error)));
    child.on('close', resolve);
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  // What it prints for `get` is the secret: it is read, and shown only when it is an error's text.
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw failed((err || out).trim() || `it ended with ${code}`);
}
