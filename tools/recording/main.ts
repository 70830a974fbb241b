// Records a pull and an interactive shell in a real terminal, as text: `npm run record`.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCli } from '../../e2e/support/bundle-cli.js';
import { newPlace, removeDaemon, startDaemon } from '../../e2e/support/daemon-process.js';
import { debianRegistry } from '../../e2e/support/registry.js';
import { openTerminal, type Terminal } from '../../e2e/support/terminal.js';
import { busyboxImage, file } from '../busybox-image/index.js';
import { lines } from '../matrix/index.js';
import { createScreen } from './screen.js';

const target = join(import.meta.dirname, '../../docs/cli-recording.txt');
const size = { rows: 24, columns: 100 };

const folder = await mkdtemp(join(tmpdir(), 'ctrd-recording-'));
const daemon = await newPlace(lines[lines.length - 1] ?? '2.1');
const registry = await debianRegistry();
try {
  await startDaemon(daemon);
  const layers = [8, 12].map((megabytes) => [
    file(`data-${megabytes}`, randomBytes(megabytes * 1_000_000)),
  ]);
  await registry.seed('app:1', await busyboxImage({ layers }));
  const image = `${registry.host}/app:1`;
  const program = await bundleCli(folder);
  const env = {
    CONTAINERD_ADDRESS: daemon.address,
    CTRD_RUNTIME_DIR: daemon.runtimeDir,
    CTRD_CONFIG: join(folder, 'none'),
  };
  const ctrd = (...args: string[]) => openTerminal([program, ...args].join(' '), { ...size, env });
  const text = [
    `$ ctrd pull ${image}`,
    ...(await pull(await ctrd('pull', image))),
    `$ ctrd run --rm -it --hostname box ${image} sh`,
    await shell(await ctrd('run', '--rm', '-it', '--hostname', 'box', image, 'sh')),
    '$ echo $?\n3',
  ];
  await writeFile(target, `${text.join('\n\n')}\n`);
} finally {
  await registry[Symbol.asyncDispose]();
  await removeDaemon(daemon);
  await rm(folder, { recursive: true });
}

/** The screen in the midst of the pull, and at its end. */
async function pull(terminal: Terminal): Promise<readonly string[]> {
  await terminal.until(/\[={3,}>[^\n]*\n[^\n]*: resolved[^\n]*\n/);
  const midst = screenOf(terminal);
  await terminal.ended;
  return [midst, screenOf(terminal)];
}

async function shell(terminal: Terminal): Promise<string> {
  for (const command of ['hostname; id -u', 'ls -l /data-8', 'stty size', 'exit 3']) {
    await terminal.until(/# [^#\n]*$/);
    terminal.type(`${command}\r`);
    // The echo of what was typed: the next prompt is that of what comes after.
    await terminal.until(new RegExp(`${command}\\r+\\n`));
  }
  await terminal.ended;
  return screenOf(terminal);
}

/** Without the line in which the support of the tests says which terminal it is. */
function screenOf({ shown }: Terminal): string {
  const screen = createScreen();
  screen.write(shown.replace(/^on \S+\r?\n/, ''));
  return screen.text;
}
