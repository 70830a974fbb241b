import { afterEach, beforeEach } from 'vitest';
import type { Connection, Connector } from '../../src/rpc/transport.js';
import { folder } from './folder.js';

/** A connection of each test to a socket of its own, where nobody listens yet. */
export interface TestConnection {
  readonly connection: Connection;
  /** The socket's path. */
  readonly path: string;
  /** A path beside it. */
  file(name: string): string;
}

/** Gives every test of a block its {@link TestConnection}, and closes it after the test. */
export function useConnection(connector: Connector): TestConnection {
  let made: TestConnection & { close(): Promise<void> };
  beforeEach(async () => {
    const place = await folder();
    const path = place.file('s');
    const connection = connector.open(path);
    made = {
      connection,
      path,
      file: place.file,
      async close() {
        await connection.close();
        await place[Symbol.asyncDispose]();
      },
    };
  });
  afterEach(() => made.close());
  return {
    get connection() {
      return made.connection;
    },
    get path() {
      return made.path;
    },
    file: (name) => made.file(name),
  };
}
