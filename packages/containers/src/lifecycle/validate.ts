import { isAbsolute } from 'node:path';
import { checkMilliseconds, identifierRule, invalidArgument, isIdentifier } from '@ctrd/core';
import type { ContainerOptions, ExecOptions } from '../container-options.js';
import { newStdio, type Stdio } from '../io/stdio.js';
import { defaultSpec, withArgs, withCwd, withEnv } from '../spec/index.js';
import { optionChanges, terminalSize } from './build-spec.js';
import { checkExtensions } from './extensions.js';
import { checkGivenLabels } from './labels.js';
import { restartLabels } from './restart.js';
import { signalNumber } from './signals.js';

/** Checks everything that can be checked without asking the daemon. Throws `invalid-argument`. */
export function checkContainerOptions(options: ContainerOptions): Stdio {
  checkId(options.id);
  const sources = (['image', 'snapshot', 'rootfs'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (sources.length !== 1) {
    throw invalidArgument('image', 'be given, or else one of snapshot and rootfs');
  }
  for (const name of sources) {
    const value = options[name];
    if (typeof value !== 'string' || value === '')
      throw invalidArgument(name, 'be a text that is not empty', value);
  }
  if (options.args !== undefined) checkArgs(options.args);
  else if (options.image === undefined && options.entrypoint === undefined) {
    throw invalidArgument('args', 'say what to run when there is no image');
  }
  if (options.env !== undefined) withEnv(options.env);
  if (options.cwd !== undefined) withCwd(options.cwd);
  if (options.stopSignal !== undefined) signalNumber(options.stopSignal, 'stopSignal');
  restartLabels(options.restart);
  checkGivenLabels(options.labels ?? {});
  checkExtensions(options.extensions);
  if (options.checkpoint !== undefined) checkPath('checkpoint', options.checkpoint);
  if (options.shimGroup !== undefined) checkId(options.shimGroup, 'shimGroup');
  if (options.snapshotter !== undefined) checkId(options.snapshotter, 'snapshotter');
  checkRuntime(options.runtime);
  checkTexts('annotations', options.annotations);
  // The changes check their own values; here only to see them fail before anything is made.
  optionChanges(options)(defaultSpec({ namespace: 'check', id: options.id }));
  return newStdio(options.stdio, isTty(options.tty));
}

export function checkExecOptions(options: ExecOptions): Stdio {
  checkArgs(options.args);
  if (options.execId !== undefined) checkId(options.execId, 'execId');
  if (options.env !== undefined) withEnv(options.env);
  if (options.cwd !== undefined) withCwd(options.cwd);
  if (options.tty !== undefined && options.tty !== false) terminalSize(options.tty);
  checkMilliseconds('killAfterMs', options.killAfterMs);
  return newStdio(options.stdio, isTty(options.tty));
}

export function checkId(id: string, field = 'id'): void {
  if (!isIdentifier(id)) throw invalidArgument(field, identifierRule, id);
}

/** Throws `invalid-argument` unless it is an absolute path. */
export function checkPath(field: string, path: string): void {
  if (typeof path !== 'string' || !isAbsolute(path)) {
    throw invalidArgument(field, 'be an absolute path', path);
  }
}

export function isTty(tty: ContainerOptions['tty']): boolean {
  return tty !== undefined && tty !== false;
}

/**
 * By its name, containerd looks for the shim's program: the last two parts of `io.containerd.runc.v2`
 * are those of `containerd-shim-runc-v2`.
 */
function checkRuntime(runtime: ContainerOptions['runtime']): void {
  const name = typeof runtime === 'string' ? runtime : runtime?.name;
  if (name === undefined) return;
  if (typeof name !== 'string' || !(isAbsolute(name) || /^[\w-]+(?:\.[\w-]+)+$/.test(name))) {
    throw invalidArgument('runtime', 'be a name such as io.containerd.runc.v2, or a path', name);
  }
}

function checkArgs(args: readonly string[]): void {
  if (!Array.isArray(args)) throw invalidArgument('args', 'be a list of texts', args);
  withArgs(args);
}

function checkTexts(field: string, texts: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(texts ?? {})) {
    if (typeof value !== 'string') throw invalidArgument(`${field}.${key}`, 'be a text', value);
    if (Buffer.byteLength(key) + Buffer.byteLength(value) > 4096) {
      throw invalidArgument(`${field}.${key}`, 'have at most 4096 bytes with its key');
    }
  }
}
