import type { ImageChanges } from '@ctrd/client';
import { wrong } from './wrong.js';

type Field = keyof ImageChanges;

/** Reads docker's `--change`: lines of a Dockerfile that change an image's config. */
export function parseChanges(lines: readonly string[]): ImageChanges {
  return lines.map(parseChange).reduce<ImageChanges>(merged, {});
}

function parseChange(line: string): ImageChanges {
  const [, word = '', value = ''] = /^\s*(\w+)\s+(.*?)\s*$/s.exec(line) ?? [];
  switch (word.toUpperCase()) {
    case 'CMD':
      return { cmd: command(value) };
    case 'ENTRYPOINT':
      return { entrypoint: command(value) };
    case 'ENV':
      return { env: [pair(value, line).join('=')] };
    case 'LABEL':
      return { labels: Object.fromEntries([pair(value, line)]) };
    case 'WORKDIR':
      return { workingDir: value };
    case 'USER':
      return { user: value };
    case 'STOPSIGNAL':
      return { stopSignal: value };
    case 'EXPOSE':
      return {
        exposedPorts: value.split(/\s+/).map((port) => (port.includes('/') ? port : `${port}/tcp`)),
      };
    case 'VOLUME':
      return { volumes: value.startsWith('[') ? command(value) : value.split(/\s+/) };
    default:
      throw wrong(
        '--change',
        'CMD, ENTRYPOINT, ENV, LABEL, WORKDIR, USER, STOPSIGNAL, EXPOSE or VOLUME with its value',
        line,
      );
  }
}

/** What several lines say is taken together, where it can be. */
function merged(before: ImageChanges, change: ImageChanges): ImageChanges {
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(change) as [Field, unknown][]) {
    const old = before[key];
    if (key === 'labels') result[key] = { ...before.labels, ...(value as object) };
    else if (Array.isArray(old) && key !== 'cmd' && key !== 'entrypoint') {
      result[key] = [...old, ...(value as readonly string[])];
    } else result[key] = value;
  }
  return result;
}

/** `["a", "b"]` as it is, anything else for a shell. */
function command(text: string): readonly string[] {
  if (text.startsWith('[')) {
    try {
      const words: unknown = JSON.parse(text);
      if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
    } catch {
      // Not JSON: it is a shell's, as for docker.
    }
  }
  return ['/bin/sh', '-c', text];
}

/** `NAME=value`, perhaps quoted, or `NAME value`. */
function pair(text: string, line: string): readonly [string, string] {
  const [, name, value = ''] = /^([^=\s]+)(?:=|\s+)(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw wrong('--change', 'a line with NAME=value', line);
  const quoted = /^"(.*)"$/s.exec(value) ?? /^'(.*)'$/s.exec(value);
  return [name, quoted?.[1] ?? value];
}
