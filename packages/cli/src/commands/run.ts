import { randomBytes } from 'node:crypto';
import { invalidArgument } from '@ctrd/client';
import type { Run } from '../context.js';
import { logLabel, logPath, logUri } from '../log-file.js';
import { containerOptions, type RunFlags } from '../run-options.js';
import { connectTerminal, currentSize } from '../terminal/attach.js';

export const run: Run<RunFlags> = async ([image = '', ...args], flags, context) => {
  const { client } = context;
  const id = flags.name ?? randomBytes(6).toString('hex');
  const { tty = false, interactive = false, detach = false } = flags;
  if (detach && flags.rm === true) {
    throw invalidArgument('--rm', 'be left out with --detach: nobody is there to remove it');
  }
  const options = await containerOptions(id, image, args, flags);
  if (detach) {
    const path = logPath(context.namespace, id);
    await client.createContainer({
      ...options,
      labels: { ...options.labels, [logLabel]: path },
      tty,
      // A terminal's output cannot go to a file; it is read by attaching.
      stdio: tty ? 'pipe' : { stdout: logUri(path), stderr: logUri(path) },
    });
    process.stdout.write(`${id}\n`);
    return;
  }
  const container = await client.createContainer({
    ...options,
    tty: tty ? currentSize() : false,
    stdio: { stdin: interactive ? 'inherit' : 'null', stdout: 'inherit', stderr: 'inherit' },
  });
  const exit = await (async () => {
    using _terminal = connectTerminal(container, { tty, interactive });
    return await container.wait();
  })();
  if (flags.rm === true) await container.destroy();
  context.exit(exit.exitCode);
};
