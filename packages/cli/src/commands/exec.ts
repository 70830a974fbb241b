import type { Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { environment } from '../options/environment.js';
import { connectTerminal, currentSize } from '../terminal/attach.js';
import { hungUpCode, keyboard } from '../terminal/keyboard.js';

interface ExecFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly detach?: true;
  readonly detachKeys?: string;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

export const exec: Run<ExecFlags> = async ([reference = '', ...args], flags, context) => {
  const { tty = false, interactive = false, detach = false, detachKeys, workdir, user } = flags;
  const options = { args, cwd: workdir, user, env: await environment(flags) };
  const { id } = await findContainer(context, reference);
  if (detach) {
    await context.client.execContainer(id, { ...options, tty: false, stdio: 'null' });
    return;
  }
  const { stdin, left } = keyboard({ tty, interactive, detachKeys });
  const process = await context.client.execContainer(id, {
    ...options,
    tty: tty ? currentSize() : false,
    stdio: { stdin, stdout: 'inherit', stderr: 'inherit' },
    signal: context.signal,
  });
  using _terminal = connectTerminal(process, { tty, interactive, signals: context.signals });
  const exit = await Promise.race([process.wait(), left]);
  if (typeof exit === 'object') context.exit(exit.exitCode);
  else if (exit === 'hung-up') {
    await process.kill({ kill: 'SIGHUP' });
    context.exit(hungUpCode);
  }
};
