import type { Report } from '@ctrd/client/core';

/** What goes wrong besides the work of a command, and does not make it fail. */
export const toldToUser: Report = ({ source, error }) => {
  process.stderr.write(`ctrd: warning: ${source}: ${error.rawMessage}\n`);
};
