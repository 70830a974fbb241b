import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);

/** A shell command in a terminal of its own, as a person would see and use it. */
export interface Terminal extends AsyncDisposable {
  /** All it has shown, with its control sequences. */
  readonly shown: string;
  /** Presses keys; `\r` is the return key, `\x03` Ctrl-C. */
  type(keys: string): void;
  /** Waits until it shows something, from where it had shown `after` bytes on. */
  until(pattern: RegExp, after?: number): Promise<RegExpExecArray>;
  resize(size: { readonly rows: number; readonly columns: number }): Promise<void>;
  /** The exit code of the command. */
  readonly ended: Promise<number>;
}

/** Runs a shell command in a terminal (`script`, of Debian's bsdutils). */
export async function openTerminal(
  command: string,
  {
    env = {},
    rows = 24,
    columns = 120,
  }: { env?: NodeJS.ProcessEnv; rows?: number; columns?: number } = {},
): Promise<Terminal> {
  const inside = `stty rows ${rows} cols ${columns}; echo "on $(tty)"; exec ${command}`;
  const child = spawn('script', ['-qfec', inside, '/dev/null'], {
    env: { ...process.env, NO_COLOR: undefined, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? -1));
  });
  const until = async (pattern: RegExp, after = 0) => {
    try {
      return await waitFor(() => pattern.exec(shown.slice(after)));
    } catch (cause) {
      const end = JSON.stringify(shown.slice(-500));
      throw new Error(`the terminal does not show ${pattern}, but ends with ${end}`, { cause });
    }
  };
  const [, device = ''] = await until(/on (\/dev\/pts\/\d+)\r?\n/);
  return {
    get shown() {
      return shown;
    },
    type: (keys) => void child.stdin.write(keys),
    until,
    async resize({ rows, columns }) {
      await run('stty', ['-F', device, 'rows', String(rows), 'cols', String(columns)]);
    },
    ended,
    async [Symbol.asyncDispose]() {
      // The terminal hangs up, as when its window is closed.
      child.kill('SIGKILL');
      await ended;
    },
  };
}
