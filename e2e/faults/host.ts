import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { type ContainerOptions, containers, type ExitMessage } from '@ctrd/containers';
import { CtrdError, closeOnSignals, ctrd, type Failure, Report } from '@ctrd/core';
import type { HostCommand, HostReply, HostSetup } from './host-process.js';

/** A program that has containers, run by tests to be killed at any moment. */
const setup = JSON.parse(process.argv[2] ?? '') as HostSetup;

/** On the disk when it returns: what a handler has written survives the host. */
function note(exit: ExitMessage): void {
  const ledger = openSync(setup.ledger, 'a');
  appendFileSync(ledger, `${JSON.stringify(exit)}\n`);
  fsyncSync(ledger);
  closeSync(ledger);
  process.send?.({ exit } satisfies HostReply);
}

/** Tells the ledger; `stuck` hosts begin to and never end. */
const onExit = async (exit: ExitMessage): Promise<void> => {
  if (!setup.stuck) return note(exit);
  process.send?.({ stuck: exit.containerId } satisfies HostReply);
  await new Promise(() => {});
};

/** As in the tests' own clients; their file is not for this program. */
const exitSource = process.env['CTRD_EXITS'] === 'events' ? 'events' : 'wait';

const client = await ctrd(setup)
  .provide(Report, ({ source, error }: Failure) => {
    console.error(`host: ${source}: ${error.message}`);
  })
  .use(containers({ exits: exitSource, onExit: [onExit], onExecExit: [onExit] }))
  .use(closeOnSignals())
  .connect();

async function run(command: HostCommand): Promise<unknown> {
  switch (command.do) {
    case 'recover': {
      const recovered = await client.recoverAll({ stdio: setup.output ? 'pipe' : 'null' });
      for (const { container } of recovered) collect(container);
      return recovered.map(({ id, container, exit, error }) => ({
        ...{ id, recovered: container !== undefined, exit, error: error?.toJSON() },
      }));
    }
    case 'create': {
      const options = command.options as ContainerOptions;
      const container = await client.createContainer(options);
      collect(container);
      return container.pid;
    }
    case 'start':
      return await client.startContainer(command.id);
    case 'exec': {
      const { id, execId, args } = command;
      return (await client.execContainer(id, { execId, args })).pid;
    }
    case 'destroy':
      return await client.destroyContainer(command.id, { graceMs: 0 });
    case 'block':
      for (const end = performance.now() + command.ms; performance.now() < end; );
      return;
    case 'close':
      await client.close();
      process.disconnect?.();
  }
}

/** Appends what the container prints to a file. */
function collect(container: { stdout: AsyncIterable<Buffer> } | undefined): void {
  const { output } = setup;
  if (container === undefined || output === undefined) return;
  (async () => {
    for await (const chunk of container.stdout) await appendFile(output, chunk);
  })().catch(() => {});
}

/** Who started the host may be gone, or have said goodbye. */
const reply = (message: HostReply): void => {
  if (process.connected) process.send?.(message);
};

process.on('message', ({ number, command }: { number: number; command: HostCommand }) => {
  run(command).then(
    (result) => reply({ number, result }),
    (error: unknown) => {
      const code = error instanceof CtrdError ? `${error.code}: ` : '';
      reply({ number, error: `${code}${error}` });
    },
  );
});
process.send?.({ number: 0, result: 'ready' } satisfies HostReply);
