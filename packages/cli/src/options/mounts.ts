import { resolve } from 'node:path';
import type { MountOption } from '@ctrd/client';
import { parseBytes } from './quantities.js';
import { wrong } from './wrong.js';

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** Reads docker's `-v source:destination[:ro,rshared]`. A source that starts with `.` is relative to here. */
export function parseVolume(text: string): MountOption {
  const [source = '', destination = '', ...rest] = text.split(':');
  const words = rest.join(',').split(',').filter(Boolean);
  if (source === '' || destination === '' || rest.length > 1) {
    throw wrong('--volume', 'source:destination[:ro]', text);
  }
  if (!source.startsWith('/') && !source.startsWith('.')) {
    throw wrong('--volume', 'a path on the host, since there are no named volumes', text);
  }
  const unknown = words.find((word) => !['ro', 'rw', 'z', 'Z', ...propagations].includes(word));
  if (unknown !== undefined) {
    throw wrong('--volume', `source:destination with ro, rw or a propagation`, text);
  }
  const propagation = words.find((word) => propagations.includes(word)) ?? 'rprivate';
  return {
    source: resolve(source),
    destination,
    options: ['rbind', propagation],
    readOnly: words.includes('ro'),
  };
}

/** Reads docker's `--tmpfs path[:size=64m,mode=1770,noexec]`. */
export function parseTmpfs(text: string): MountOption {
  const [destination = '', words = ''] = text.split(/:(.*)/s);
  const given = words.split(',').filter(Boolean);
  const options = given.map((word) =>
    word.startsWith('size=') ? `size=${bytesOf('--tmpfs', word.slice(5), text)}` : word,
  );
  return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(options) };
}

/**
 * Reads docker's `--mount type=bind,source=/a,target=/b,readonly`, with `src`, `dst` and
 * `destination` for short, and `options=ro:nosuid` as ctr has it.
 */
export function parseMount(text: string): MountOption {
  const fields = new Map(
    text.split(',').map((part) => {
      const [key = '', value = 'true'] = part.split(/=(.*)/s);
      return [aliases[key] ?? key, value] as const;
    }),
  );
  const form = 'type=bind|tmpfs,source=PATH,target=PATH[,readonly]';
  const unknown = [...fields.keys()].find((key) => !known.has(key));
  if (unknown !== undefined) throw wrong('--mount', `${form}, which has no ${unknown}`, text);
  const type = fields.get('type') ?? 'bind';
  const destination = fields.get('target');
  const source = fields.get('source');
  if (destination === undefined) throw wrong('--mount', form, text);
  const readOnly = fields.get('readonly') !== undefined && fields.get('readonly') !== 'false';
  const extra = fields.get('options')?.split(':') ?? [];
  if (type === 'tmpfs') {
    const size = fields.get('tmpfs-size');
    const mode = fields.get('tmpfs-mode');
    const options = [
      ...extra,
      ...(size === undefined ? [] : [`size=${bytesOf('--mount', size, text)}`]),
      ...(mode === undefined ? [] : [`mode=${mode}`]),
    ];
    return { type, source: 'tmpfs', destination, options: tmpfsOptions(options), readOnly };
  }
  if (type !== 'bind') return { type, source, destination, options: extra, readOnly };
  if (source === undefined) throw wrong('--mount', form, text);
  const propagation = fields.get('bind-propagation') ?? 'rprivate';
  if (!propagations.includes(propagation)) {
    throw wrong('--mount', `of a bind-propagation among ${propagations.join(', ')}`, text);
  }
  const options = ['rbind', propagation, ...extra];
  return { source: resolve(source), destination, options, readOnly };
}

const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};

const known = new Set([
  ...['type', 'source', 'target', 'readonly', 'options'],
  ...['bind-propagation', 'tmpfs-size', 'tmpfs-mode'],
]);

/** Nothing on it can be a device or gain rights, unless the options say so. */
function tmpfsOptions(given: readonly string[]): readonly string[] {
  const defaults = [
    ['nosuid', 'suid'],
    ['nodev', 'dev'],
  ] as const;
  const missing = defaults.filter(([on, off]) => !given.includes(on) && !given.includes(off));
  return [...missing.map(([on]) => on), ...given];
}

function bytesOf(option: string, size: string, text: string): number {
  try {
    return parseBytes(size);
  } catch {
    throw wrong(option, 'of a size such as 64m', text);
  }
}
