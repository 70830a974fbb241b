import type { Extension } from '../container-options.js';
import { isLogUri, logFileOf, type Stdio, type StdioOption } from '../io/stdio.js';

type Extensions = Readonly<Record<string, Extension>>;

const [logName, stdioName] = ['ctrd/log', 'ctrd/stdio'];

/**
 * Notes on a record which of a container's streams are pipes, and where its output goes. Not in
 * labels: every client copies an image's labels to its containers, and an image must not choose which
 * file of the host is read as a log, or which program gets the output. Of streams of this process
 * nothing is noted, as of `null`: nobody else can make them anew.
 */
export function stdioExtensions(stdio: Stdio): Extensions {
  const { log } = stdio;
  const pipes = (['stdin', 'stdout', 'stderr'] as const).filter((name) => stdio[name] === 'pipe');
  // The log is last: its URI may have any character.
  const noted = [...pipes, ...(log === undefined ? [] : [log])].join();
  const path = log === undefined ? undefined : logFileOf(log);
  return {
    ...(path === undefined ? {} : { [logName]: extension(logName, path) }),
    ...(noted === '' ? {} : { [stdioName]: extension(stdioName, noted) }),
  };
}

/** The file that a container's output goes to, if it does. */
export function loggedTo({ extensions }: { readonly extensions: Extensions }): string | undefined {
  return textOf(extensions[logName]);
}

/** The streams that a container was made with, as far as they can be made anew. */
export function notedStdio({ extensions }: { readonly extensions: Extensions }): StdioOption {
  const noted = textOf(extensions[stdioName]) ?? '';
  const log = noted.replace(/^stdin,/, '');
  const pipes = isLogUri(log) ? noted.slice(0, -log.length) : noted;
  const pipe = (name: string) => (pipes.split(',').includes(name) ? 'pipe' : 'null');
  if (isLogUri(log)) return { stdin: pipe('stdin'), stdout: log, stderr: log };
  return { stdin: pipe('stdin'), stdout: pipe('stdout'), stderr: pipe('stderr') };
}

function extension(typeUrl: string, text: string): Extension {
  return { typeUrl, value: new TextEncoder().encode(text) };
}

function textOf(noted: Extension | undefined): string | undefined {
  return noted === undefined ? undefined : new TextDecoder().decode(noted.value);
}
