import { blobName, createProgressBoard, isBlob, type TransferStep } from './progress-board.js';

/** Shows how a transfer goes on. Disposing leaves the last picture. */
export interface ProgressView extends Disposable {
  show(step: TransferStep): void;
}

const redrawMs = 100;

/**
 * Shows it on stderr, so that stdout stays for results: on a terminal a bar for each blob, into a
 * pipe a line for each change, and nothing when it shall be quiet.
 */
export function showProgress(
  reference: string,
  { quiet, stream = process.stderr }: { quiet: boolean; stream?: NodeJS.WriteStream },
): ProgressView {
  if (quiet) return { show() {}, [Symbol.dispose]() {} };
  return stream.isTTY ? onTerminal(reference, stream) : inLines(reference, stream);
}

function inLines(reference: string, stream: NodeJS.WriteStream): ProgressView {
  const board = createProgressBoard(reference);
  return {
    show(step) {
      if (!board.take(step, performance.now())) return;
      stream.write(`${isBlob(step.ref) ? blobName(step.ref) : reference}: ${step.status}\n`);
    },
    [Symbol.dispose]() {},
  };
}

function onTerminal(reference: string, stream: NodeJS.WriteStream): ProgressView {
  const board = createProgressBoard(reference);
  let drawn = 0;
  const draw = () => {
    // What is higher than the terminal could not be drawn over again.
    const lines = board.lines(stream.columns - 1, performance.now()).slice(-(stream.rows - 1));
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    stream.write(`${up}${lines.map((line) => `\r\u001b[2K${line}\n`).join('')}\u001b[J`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, redrawMs);
  return {
    show: (step) => void board.take(step, performance.now()),
    [Symbol.dispose]() {
      clearInterval(timer);
      draw();
    },
  };
}
