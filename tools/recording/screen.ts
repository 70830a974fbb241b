/** What a terminal shows: lines of text, for the few control sequences that our programs use. */
export interface Screen {
  write(output: string): void;
  /** The lines, without what is empty at the end. */
  readonly text: string;
}

const esc = '\u001b';

/** A carriage return, a line feed, a sequence, or text without either. */
const part = new RegExp(`\\r|\\n|${esc}\\[(\\d*)([A-Za-z])|[^\\r\\n${esc}]+`, 'g');

export function createScreen(): Screen {
  const lines = [''];
  let row = 0;
  let column = 0;
  const put = (text: string) => {
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + text + line.slice(column + text.length);
    column += text.length;
  };
  return {
    write(output) {
      for (const [all, number, command] of output.matchAll(part)) {
        if (all === '\r') column = 0;
        else if (all === '\n') {
          row += 1;
          lines[row] ??= '';
        } else if (command === undefined) put(all);
        else if (command === 'A') row = Math.max(0, row - Number(number || 1));
        else if (command === 'K') lines[row] = '';
        else if (command === 'J') {
          lines[row] = (lines[row] ?? '').slice(0, column);
          lines.splice(row + 1);
        }
        // Colours, and questions for the cursor's place, show nothing.
      }
    },
    get text() {
      return lines
        .map((line) => line.trimEnd())
        .join('\n')
        .trimEnd();
    },
  };
}
