import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { dir, type Entry, file, symlink } from './entry.js';

/** Where Debian's busybox-static puts its one program. */
const busybox = '/bin/busybox';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'app:x:1000:1000:app:/home/app:/bin/sh',
  'nobody:x:65534:65534:nobody:/:/bin/false',
];

const group = [
  'root:x:0:',
  'app:x:1000:',
  'audio:x:29:app',
  'video:x:44:app',
  'builders:x:2000:root,app',
  'nogroup:x:65534:',
];

/**
 * A small system: busybox with its applets as symbolic links, and the user `app` (1000:1000), a
 * member of `audio` (29), `video` (44) and `builders` (2000).
 */
export async function busyboxEntries(): Promise<Entry[]> {
  const program = await readFile(busybox);
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    dir('bin'),
    file('bin/busybox', program, { mode: 0o755 }),
    ...applets.sort().map((name) => symlink(`bin/${name}`, 'busybox')),
    dir('dev'),
    dir('etc'),
    file('etc/group', lines(group)),
    file('etc/hostname', 'busybox\n'),
    file('etc/passwd', lines(passwd)),
    dir('home'),
    dir('home/app', { uid: 1000, gid: 1000 }),
    dir('proc'),
    dir('root', { mode: 0o700 }),
    dir('run'),
    dir('sys'),
    dir('tmp', { mode: 0o1777 }),
    dir('var'),
  ];
}

const lines = (content: readonly string[]): string => `${content.join('\n')}\n`;
