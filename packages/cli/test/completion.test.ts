import { describe, expect, it } from 'vitest';
import { candidatesFor, fitting } from '../src/commands/completion.js';

describe('what may come next', () => {
  it('is a command', () => {
    const { candidates } = candidatesFor(['']);
    expect(candidates).toContain('run');
    expect(candidates).toContain('snapshot');
    expect(candidates).not.toContain('__complete');
  });

  it('is a command of a command, also after options', () => {
    expect(candidatesFor(['-n', 'ci', 'snapshot', '']).candidates).toContain('tree');
  });

  it('is an option of the command, or a value of it', () => {
    expect(candidatesFor(['run', '--me']).candidates).toContain('--memory');
    expect(candidatesFor(['run', '--pull', '']).candidates).toEqual(['always', 'missing', 'never']);
    expect(candidatesFor(['-o', '']).candidates).toEqual(['table', 'json']);
    expect(candidatesFor(['-n', ''])).toMatchObject({ candidates: [], kind: 'namespace' });
  });

  it('is asked for where the line goes', () => {
    const { globals } = candidatesFor(['-n', 'ci', '-a', '/c.sock', 'run', '-e', 'A', '']);
    expect(globals).toEqual({ namespace: 'ci', address: '/c.sock' });
  });

  it.each([
    [['--namespace=ci', '--address=/c.sock']],
    [['--namespace', '=', 'ci', '--address', '=', '/c.sock']],
  ])('is asked for there also when an option has its value with it: %j', (words) => {
    expect(candidatesFor([...words, 'rm', ''])).toMatchObject({
      globals: { namespace: 'ci', address: '/c.sock' },
      kind: 'container',
    });
  });

  it('begins as the word does, and is nothing that a shell would take apart', () => {
    const plain = ['web', 'web:1/a_b@sha256:0', 'web-1.2+3=4,5'];
    const others = ['web$(id)', 'web`id`', 'web;id', 'web id', 'web\nid', "web'", 'web*', 'web~'];
    expect(fitting([...plain, ...others, 'other', ''], 'we')).toEqual(plain);
    expect(fitting([''], '')).toEqual([]);
  });

  it('is a container or an image, where the command wants one', () => {
    expect(candidatesFor(['rm', 'a', ''])).toMatchObject({ kind: 'container' });
    expect(candidatesFor(['run', '--rm', ''])).toMatchObject({ kind: 'image' });
    expect(candidatesFor(['run', 'alpine', ''])).toMatchObject({ kind: undefined });
    expect(candidatesFor(['tag', 'a', ''])).toMatchObject({ kind: undefined });
  });
});
