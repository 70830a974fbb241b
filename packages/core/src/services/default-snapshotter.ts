import { type Token, token } from '../di/token.js';

/**
 * The snapshotter of calls that name none: the client's option, then the namespace's label
 * `containerd.io/defaults/snapshotter`, then `overlayfs`. Decided here alone.
 */
export interface DefaultSnapshotter {
  name(options: { signal: AbortSignal }): Promise<string>;
}

export const DefaultSnapshotter: Token<DefaultSnapshotter, 'DefaultSnapshotter'> =
  token('DefaultSnapshotter');
