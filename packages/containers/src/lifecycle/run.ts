import { type Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { CtrdError, invalidArgument, type Running } from '@ctrd/core';
import type { RunResult } from '../container-api.js';
import type { RunOptions } from '../container-options.js';
import type { ExitMessage } from '../exits/exit-message.js';
import { endProcess, execInContainer, type LiveExec } from './exec.js';
import type { ContainerParts } from './parts.js';

const defaultMaxOutputBytes = 1024 * 1024;

/** Runs a program in a container to its end and keeps its output, up to a limit. */
export async function runInContainer(
  parts: ContainerParts,
  id: string,
  options: Running<RunOptions>,
): Promise<RunResult> {
  const { input, maxOutputBytes = defaultMaxOutputBytes, ...exec } = options;
  if (!(Number.isInteger(maxOutputBytes) && maxOutputBytes >= 0)) {
    throw invalidArgument('maxOutputBytes', 'be a whole number of at least 0', maxOutputBytes);
  }
  const stdin = input === undefined ? 'null' : 'pipe';
  const stdio = { stdin, stdout: 'pipe', stderr: 'pipe' } as const;
  const live = await execInContainer(parts, id, { ...exec, stdio });
  const { io } = live.process;
  if (input !== undefined) io.stdin.end(input);
  const [stdout, stderr] = [keep(io.stdout, maxOutputBytes), keep(io.stderr, maxOutputBytes)];
  try {
    const exit = await exitOf(live, options.signal);
    // The shortest program has been told of before anybody reads its output.
    await Promise.all([stdout.done, stderr.done]);
    return {
      ...exit,
      stdout: stdout.bytes(),
      stderr: stderr.bytes(),
      truncated: stdout.more() || stderr.more(),
    };
  } catch (error) {
    // The caller is gone; what runs for it must not stay.
    if (options.signal.aborted) await endProcess(parts, live.process);
    throw error;
  }
}

/** The exit of a process; `timeout` when its time was up. */
export async function exitOf(
  { process, timedOut }: LiveExec,
  signal: AbortSignal,
): Promise<ExitMessage> {
  const exit = await process.exit.wait(signal);
  if (!timedOut()) return exit;
  throw new CtrdError(`the process ran too long and was ended, with exit code ${exit.exitCode}`, {
    ...{ code: 'timeout', reason: 'killed', subject: process.key.execId, cause: exit },
  });
}

interface Kept {
  /** Resolves when the stream has ended. */
  readonly done: Promise<void>;
  bytes(): Buffer;
  more(): boolean;
}

/** Reads a stream to its end and keeps its beginning. */
function keep(stream: Readable, limit: number): Kept {
  const chunks: Buffer[] = [];
  let size = 0;
  let more = false;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      const room = limit - size;
      if (chunk.length > room) more = true;
      if (room > 0) chunks.push(chunk.subarray(0, room));
      size += Math.min(chunk.length, room);
      callback();
    },
  });
  const done = finished(stream.pipe(sink));
  // A call that is given up waits for nothing.
  done.catch(() => {});
  return { done, bytes: () => Buffer.concat(chunks), more: () => more };
}
