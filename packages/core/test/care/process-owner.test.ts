import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { processOwner } from '../../src/care/process-owner.js';

const own = processOwner();
/** The parts of an id: boot, process namespace, process, start, client. */
const parts = own.id.split('-');
const with_ = (index: number, part: string) => parts.with(index, part).join('-');

describe('a process as an owner', () => {
  it('lives as long as it does, whatever client it is', async () => {
    expect(own.id).toMatch(/^[0-9a-f]{12}-\d+-\d+-\d+-[0-9a-f]{8}$/);
    expect(processOwner().id).not.toBe(own.id);
    expect(await own.state(own.id)).toBe('alive');
    expect(await own.state(processOwner().id)).toBe('alive');
  });

  it('is dead when its process has ended', async () => {
    const child = spawn(process.execPath, [
      '--conditions=@ctrd/source',
      ...['--import', 'tsx', '--input-type=module', '--eval'],
      `import { processOwner } from './packages/core/src/care/process-owner.ts';
       console.log(processOwner().id);
       setTimeout(() => {}, 600_000);`,
    ]);
    const [line] = await once(child.stdout, 'data');
    const id = String(line).trim();
    expect(await own.state(id)).toBe('alive');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await own.state(id)).toBe('dead');
  });

  it.each([
    ['another process of the same id', with_(3, '1'), 'dead'],
    ['one of an earlier boot', with_(0, '0123456789ab'), 'dead'],
    ['one of another process namespace', with_(1, '1'), 'unknown'],
    ['a name that is no process', 'agent-1', 'unknown'],
    ['an empty name', '', 'unknown'],
  ])('says of %s what it can', async (_name, id, state) => {
    expect(await own.state(id)).toBe(state);
  });
});
