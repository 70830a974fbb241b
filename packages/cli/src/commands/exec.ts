import type { Run } from '../context.js';
import { environment } from '../run-options.js';
import { connectTerminal, currentSize } from '../terminal/attach.js';

interface ExecFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly detach?: true;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

export const exec: Run<ExecFlags> = async ([id = '', ...args], flags, context) => {
  const { tty = false, interactive = false, detach = false, workdir, user } = flags;
  const options = { args, cwd: workdir, user, env: await environment(flags) };
  if (detach) {
    await context.client.execContainer(id, { ...options, tty: false, stdio: 'null' });
    return;
  }
  const process = await context.client.execContainer(id, {
    ...options,
    tty: tty ? currentSize() : false,
    stdio: { stdin: interactive ? 'inherit' : 'null', stdout: 'inherit', stderr: 'inherit' },
  });
  using _terminal = connectTerminal(process, { tty, interactive });
  context.exit((await process.wait()).exitCode);
};
