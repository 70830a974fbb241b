import type { Extension } from '../container-options.js';
import { type LogUri, logFileOf } from '../io/stdio.js';

type Extensions = Readonly<Record<string, Extension>>;

const name = 'ctrd/log';

/**
 * Notes on a record where its output goes. Not in a label: every client copies an image's labels to
 * its containers, and an image must not choose which file of the host is read as a log.
 */
export function logExtension(log: LogUri | undefined): Extensions {
  const path = log === undefined ? undefined : logFileOf(log);
  if (path === undefined) return {};
  return { [name]: { typeUrl: name, value: new TextEncoder().encode(path) } };
}

/** The file that a container's output goes to, if it does. */
export function loggedTo({ extensions }: { readonly extensions: Extensions }): string | undefined {
  const noted = extensions[name];
  return noted === undefined ? undefined : new TextDecoder().decode(noted.value);
}
