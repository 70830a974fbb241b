// The program behind `--log-driver json-file`: a shim starts one for its container, and ends it when
// it ends. It loads nothing but files, so that it stays small.
import { closeSync, openSync, read, writeSync } from 'node:fs';
import { jsonLines, type StreamName } from './logs/json-log.js';

/** What the shim gives a logger: both streams, and a pipe that is closed when all is ready. */
const [stdout, stderr, ready] = [3, 4, 5] as const;

const log = openSync(process.argv[2] ?? '', 'a', 0o600);
// With that the shim says that it ends; what is on its way then is still to be written.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
follow(stdout, 'stdout');
follow(stderr, 'stderr');
closeSync(ready);

function follow(pipe: number, name: StreamName): void {
  const lines = jsonLines(name);
  const buffer = Buffer.allocUnsafe(65_536);
  const next = () =>
    read(pipe, buffer, 0, buffer.length, null, (error, size) => {
      if (error !== null || size === 0) {
        append(lines.rest(new Date()));
        return;
      }
      append(lines.of(buffer.subarray(0, size), new Date()));
      next();
    });
  next();
}

function append(text: string): void {
  try {
    if (text !== '') writeSync(log, text);
  } catch {
    // A full disk loses lines. A logger that ended would end the container's writing.
  }
}
