import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../tools/debian/index.js';

const run = promisify(execFile);

/** A small program on containerd's own Go client. */
export interface GoPeer {
  readonly version: string;
  readonly program: string;
  /** Runs one of its commands and gives the JSON that it prints. */
  measure<T>(command: string, flags: Readonly<Record<string, string | number>>): Promise<T>;
}

/** Where Debian's -dev packages put Go sources. */
const gopath = '/usr/share/gocode';

/** Builds the program from Debian's packages, without a network; `undefined` where they are missing. */
export async function buildGoPeer(): Promise<GoPeer | undefined> {
  const folder = cacheFolder('bench');
  await mkdir(folder, { recursive: true });
  const program = join(folder, 'go-peer');
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH: gopath,
    GOCACHE: join(folder, 'go-build'),
  };
  const source = join(import.meta.dirname, '../peers/go');
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: source, env });
  } catch (error) {
    console.error(`The Go client is left out: ${(error as Error).message.trim()}`);
    console.error('apt install golang-go golang-github-containerd-containerd-dev brings it.');
    return undefined;
  }
  const { stdout } = await run('go', ['env', 'GOVERSION'], { env });
  return {
    version: stdout.trim().replace(/^go/, ''),
    program,
    async measure(command, flags) {
      const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, String(value)]);
      const result = await run(program, [command, ...args], { timeout: 300_000 });
      return JSON.parse(result.stdout);
    },
  };
}
