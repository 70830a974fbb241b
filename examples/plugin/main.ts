// #region plugin

import { type ExitMessage, exited } from '@ctrd/containers';
import {
  type CallControl,
  CtrdError,
  definePlugin,
  onOptions,
  Rpc,
  type Running,
} from '@ctrd/core';

/** What `audit()` adds to a client. */
export interface AuditAPIClient {
  /** What was done and what has ended, the oldest first. */
  auditLog(options?: CallControl): Promise<readonly string[]>;
}

/** Keeps a log of containers, and lets only images of some registries in. */
export function audit(options: { registries: readonly string[] }) {
  const log: string[] = [];
  return definePlugin({
    name: 'audit',
    // A missing need is a compile error; `context.get` hands the part out.
    requires: [Rpc],
    // Wraps methods of other plugins, by name.
    middleware: {
      createContainer: async (call, next) => {
        const { image = '' } = call.args[0] as { image?: string };
        if (!options.registries.some((registry) => image.startsWith(`${registry}/`))) {
          throw new CtrdError('images of this registry are not allowed', {
            code: 'permission-denied',
            subject: image,
          });
        }
        const container = await next();
        log.push(`created ${call.subject}`);
        return container;
      },
    },
    setup(context) {
      // Told of every exit, before waiters are.
      const onExit = ({ containerId, exitCode }: ExitMessage) => {
        log.push(`${context.get(Rpc).namespace}/${containerId} ended with ${exitCode}`);
      };
      context.hooks.on(exited, onExit);
      return {
        operations: {
          auditLog: onOptions(async (_options: Running<CallControl>) => [...log]),
        },
      };
    },
  });
}
// #endregion
