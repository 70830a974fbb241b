import { type Token, token } from '../di/token.js';

/**
 * The snapshotter of calls that name none: the client's option, then the namespace's label
 * `containerd.io/defaults/snapshotter`, then `overlayfs`. Decided here alone.
 */
export interface DefaultSnapshotter {
  /** Its name, such as `overlayfs`. Throws what asking the daemon throws. */
  name(options: { signal: AbortSignal }): Promise<string>;
}

export const DefaultSnapshotter: Token<DefaultSnapshotter, 'DefaultSnapshotter'> =
  token('DefaultSnapshotter');
