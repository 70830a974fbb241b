import { readFile } from 'node:fs/promises';
import type { ContainerProcess } from '@ctrd/client';
import { hasCode } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { json } from '../output/json.js';
import { print } from '../output/print.js';
import { parseTemplate } from '../output/template.js';
import { size } from '../output/units.js';
import type { ProcessRow } from '../shapes.js';
import { imageDetails } from './images.js';

export const inspect: Run = async (references, _options, context) => {
  const found = await Promise.all(
    references.map((reference) =>
      containerDetails(context, reference).catch(async (error: unknown) => {
        if (!hasCode(error, 'not-found', 'invalid-argument')) throw error;
        // As docker does. What is neither, but could be a container's name, is told of as such.
        return await imageDetails(context, reference).catch((other: unknown) =>
          Promise.reject(hasCode(error, 'not-found') ? error : other),
        );
      }),
    ),
  );
  const { template } = context.print;
  if (template === undefined) process.stdout.write(`${json(found)}\n`);
  else process.stdout.write(found.map((one) => `${parseTemplate(template)(one)}\n`).join(''));
};

async function containerDetails(context: Context, reference: string) {
  const info = await findContainer(context, reference);
  const { name, ports } = await toldOf(info, context.namespace);
  return { name, ...info, ports };
}

export const top: Run = async ([reference = ''], _options, context) => {
  const { id } = await findContainer(context, reference);
  const processes = await context.client.containerPIDs(id, { signal: context.signal });
  const rows = (await Promise.all(processes.map(processRow))).filter((row) => row !== undefined);
  print(context, rows, [
    { heading: 'PID', of: ({ pid }) => String(pid) },
    { heading: 'USER', of: ({ user }) => user },
    { heading: 'CPU TIME', of: ({ cpuSeconds }) => `${cpuSeconds.toFixed(2)} s` },
    { heading: 'MEMORY', of: ({ memory }) => size(memory) },
    { heading: 'EXEC', of: ({ execId }) => execId || '-', shrinks: true },
    { heading: 'COMMAND', of: ({ command }) => command, shrinks: true },
  ]);
};

/** Linux counts CPU time for users in hundredths of a second, whatever the kernel's own clock is. */
const ticksPerSecond = 100;

/** A process as the kernel knows it: the daemon is on this machine. Undefined when it has ended. */
async function processRow({ pid, execId }: ContainerProcess): Promise<ProcessRow | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8');
  try {
    const [stat, status, cmdline] = await Promise.all([
      read('stat'),
      read('status'),
      read('cmdline'),
    ]);
    // The name in it is of the program's choice; what follows the last bracket is not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '';
    return {
      pid,
      execId,
      user: /^Uid:\s+(\d+)/m.exec(status)?.[1] ?? '',
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      memory: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024,
      command: cmdline.split('\0').join(' ').trim() || `[${name}]`,
    };
  } catch {
    return undefined;
  }
}
