import type { CallControl } from './operation.js';

/** What every client has, whatever plugins it is made of. */
export interface ClientBase extends AsyncDisposable {
  /**
   * Stops the plugins, ends what still runs and gives everything back. May be called again.
   * `timeoutMs` is how long running calls get to end by themselves. Default: 0, they are aborted.
   */
  close(options?: Pick<CallControl, 'timeoutMs'>): Promise<void>;
  /** What the client is made of. */
  describe(): ClientDescription;
}

/** A client: the API of its plugins, and what every client has. */
export type Client<Api extends object> = Api & ClientBase;

/** What a client is made of; as a string, a readable listing. */
export interface ClientDescription {
  /** In the order of their start. */
  readonly plugins: readonly PluginDescription[];
  readonly parts: readonly PartDescription[];
  /** Middleware by operation, the outermost first, each with who brought it. */
  readonly middleware: Readonly<Record<string, readonly string[]>>;
  /** Handlers by moment, in their order, each with who brought it. */
  readonly handlers: Readonly<Record<string, readonly string[]>>;
  /** Who brought an RPC interceptor, the outermost first. */
  readonly interceptors: readonly string[];
  /** A listing for people, a line for each fact. */
  toString(): string;
}

/** A plugin of a client: the parts it names, and the methods it adds. */
export interface PluginDescription {
  readonly name: string;
  readonly requires: readonly string[];
  readonly uses: readonly string[];
  readonly methods: readonly string[];
}

/** A part of a client, and who brought it. */
export interface PartDescription {
  readonly token: string;
  /** A plugin's name, or `host`: by `provide()`, or from the host's own container. */
  readonly providedBy: string;
}
