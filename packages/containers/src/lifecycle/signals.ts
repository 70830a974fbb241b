import { constants } from 'node:os';
import { invalidArgument } from '@ctrd/core';

/** A signal by name (`SIGTERM`, `TERM`) or number. */
export type SignalName = string | number;

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

const realtimeFirst = 34;
const realtimeLast = 64;

/** The number of a signal, real-time ones included (`RTMIN+3`). Throws `invalid-argument`. */
export function signalNumber(name: SignalName, field = 'kill'): number {
  const number = typeof name === 'number' ? name : parse(name);
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= realtimeLast) {
    return number;
  }
  throw invalidArgument(field, 'be a signal, such as SIGTERM or 15', name);
}

function parse(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const bare = name.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(bare);
  if (realtime === null) return numbers.get(`SIG${bare}`);
  const [, base, sign = '+', offset = '0'] = realtime;
  const from = base === 'MIN' ? realtimeFirst : realtimeLast;
  const number = sign === '+' ? from + Number(offset) : from - Number(offset);
  return number >= realtimeFirst ? number : undefined;
}
