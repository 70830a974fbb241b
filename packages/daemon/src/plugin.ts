import { Address, bind, CtrdError, definePlugin, type Token, token } from '@ctrd/core';
import { type Daemon, startDaemonIn } from './daemon.js';
import { checkDaemonOptions, type DaemonOptions } from './daemon-options.js';
import { type Layout, layoutOf } from './layout.js';

/** One choice of the folder for both the address and the start. */
const DaemonLayout: Token<Layout, 'DaemonLayout'> = token('DaemonLayout');

/**
 * Gives a client a containerd of its own, which starts with the client and stops with it: the
 * client's `address` option is not used then.
 */
export function embeddedDaemon(options: DaemonOptions = {}) {
  checkDaemonOptions(options);
  return definePlugin({
    name: 'daemon',
    provides: [
      bind(DaemonLayout, () => layoutOf(options.root)),
      bind(Address, (parts) => ({ path: parts.get(DaemonLayout).socket })),
    ],
    setup(context) {
      let daemon: Daemon | undefined;
      return {
        members: {
          /** The private containerd. */
          get daemon(): Daemon {
            if (daemon === undefined) throw notStarted();
            return daemon;
          },
        },
        async start({ signal }: { signal: AbortSignal }) {
          daemon = await startDaemonIn(context.get(DaemonLayout), options, { signal });
        },
        stop: () => daemon?.stop(),
      };
    },
  });
}

function notStarted(): CtrdError {
  return new CtrdError('the daemon starts with the client: ask after connect()', {
    code: 'failed-precondition',
  });
}
