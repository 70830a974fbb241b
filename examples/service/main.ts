// #region service
import { containers, type ExitHook } from '@ctrd/containers';
import { type ClientOptions, closeOnSignals, ctrd } from '@ctrd/core';

/** A service that may be stopped at any time, and takes up its containers when it starts again. */
export async function serve(options: ClientOptions, report: ExitHook) {
  const client = await ctrd(options)
    .use(containers({ onExit: [report] }))
    .use(closeOnSignals())
    .connect();
  await client.recoverAll();
  return client;
}
// #endregion
