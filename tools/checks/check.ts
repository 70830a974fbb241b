/** One thing that must hold, with a name to call it by. */
export interface Check {
  readonly name: string;
  /** Whether it looks at `dist`: then `build` goes first. */
  readonly needsBuild?: boolean;
  /**
   * Looks, and gives a line for each problem; none means that it holds.
   *
   * @param options.fix - mend what can be mended instead; few checks can.
   */
  run(options: { fix: boolean }): Promise<readonly string[]>;
}
