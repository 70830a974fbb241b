import type { Run } from '../context.js';
import { connectTerminal } from '../terminal/attach.js';

export const attach: Run = async ([id = ''], _options, context) => {
  const container = await context.client.recoverContainer(id, { stdio: 'inherit' });
  // Whether it has a terminal shows in its streams: there is no stderr then.
  const tty = process.stdin.isTTY === true;
  using _terminal = connectTerminal(container, { tty, interactive: true });
  context.exit((await container.wait()).exitCode);
};
