import { readFile } from 'node:fs/promises';
import { CtrdError } from '@ctrd/client/core';

/** Variables: those of files first, `NAME` alone with our own value. */
export async function environment(flags: {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
}): Promise<readonly string[]> {
  const files = await Promise.all((flags.envFile ?? []).map(variablesIn));
  return [...files.flat(), ...(flags.env ?? [])].flatMap((entry) => {
    if (entry.includes('=')) return [entry];
    const own = process.env[entry];
    return own === undefined ? [] : [`${entry}=${own}`];
  });
}

/** The lines of a file, without comments and empty ones; quotes are part of a value, as for docker. */
async function variablesIn(path: string): Promise<readonly string[]> {
  try {
    const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
    return lines
      .map((line) => line.trimStart())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new CtrdError(`--env-file ${path} cannot be read: ${(error as Error).message}`, {
      code: 'invalid-argument',
      field: '--env-file',
      cause: error,
    });
  }
}
