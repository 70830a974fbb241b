/** What begins and ends each style on a terminal (ECMA-48, SGR). */
const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

/** What a text looks like on a terminal. */
export type Style = keyof typeof codes;

/** Whether a stream shows colours: a terminal, unless `NO_COLOR` is set or it cannot. */
export function hasColors(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

export function styled(text: string, style: Style | undefined, on: boolean): string {
  if (!on || style === undefined) return text;
  const [begin, end] = codes[style];
  return `\u001b[${begin}m${text}\u001b[${end}m`;
}
