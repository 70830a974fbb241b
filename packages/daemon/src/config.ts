import { join } from 'node:path';
import { stringify, type TomlTable } from 'smol-toml';
import type { DaemonOptions } from './daemon-options.js';
import type { Layout } from './layout.js';

/**
 * Plugins that a private daemon has no use for: the Kubernetes interface in its names of all lines,
 * and NRI, which would share one socket of the machine with others.
 */
const withoutPlugins = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.cri.v1.images',
  'io.containerd.cri.v1.runtime',
  'io.containerd.podsandbox.controller.v1.podsandbox',
  'io.containerd.sandbox.controller.v1.podsandbox',
  'io.containerd.nri.v1.nri',
];

/** containerd's config as TOML. Version 2 is read by 1.6, 1.7 and (converted by itself) 2.x. */
export function configToml(layout: Layout, options: DaemonOptions): string {
  const ours: Table = {
    version: 2,
    root: layout.data,
    state: layout.state,
    disabled_plugins: withoutPlugins,
    grpc: { address: layout.socket },
    ttrpc: { address: layout.ttrpcSocket },
    debug: { level: options.logLevel ?? 'info' },
    plugins: { 'io.containerd.internal.v1.opt': { path: join(layout.data, 'opt') } },
  };
  return stringify(merged(ours, options.config ?? {}) as TomlTable);
}

type Table = Readonly<Record<string, unknown>>;

function merged(below: Table, above: Table): Table {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = result[key];
    result[key] = isTable(old) && isTable(value) ? merged(old, value) : value;
  }
  return result;
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
