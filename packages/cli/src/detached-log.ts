import { access, constants, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ContainerInfo, ContainerOptions } from '@ctrd/client';

/** How the output of a container without a terminal of ours is kept. */
export type LogDriver = 'file' | 'json-file' | 'none';

/** Where an output goes, and what is noted of that on the container's record. */
export interface LogTarget {
  readonly log: Log;
  readonly uri: LogUri;
  readonly extensions: NonNullable<ContainerOptions['extensions']>;
}

type LogUri = `file:///${string}` | `binary:///${string}`;
type Facts = Pick<ContainerInfo, 'id' | 'logPath' | 'extensions'>;

/** A log that can be read, and whether it is in Docker's `json-file` format. */
export interface Log {
  readonly path: string;
  readonly json: boolean;
}

/**
 * Where a container's output is kept until it is removed. Either the shim appends to a file by
 * itself, or it feeds a logger of ours, which notes the time and the stream of each line.
 */
export async function logTarget(
  driver: Exclude<LogDriver, 'none'>,
  namespace: string,
  id: string,
): Promise<LogTarget> {
  // Its readers and its writer are elsewhere: a relative folder is ours alone.
  const folder = resolve(process.env['CTRD_LOG_DIR'] || '/var/lib/ctrd/logs', namespace);
  const json = driver === 'json-file';
  const log = { path: join(folder, json ? jsonLogOf(id) : `${id}.log`), json };
  if (!json) return { log, uri: uriOf(log), extensions: {} };
  // Nobody would hear the logger's complaint.
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  const noted = { typeUrl: jsonLogName, value: new TextEncoder().encode(log.path) };
  return { log, uri: uriOf(log), extensions: { [jsonLogName]: noted } };
}

/** The log that a container's record names. Not its labels: an image may have chosen those. */
export function logOf({ logPath, extensions }: Facts): Log | undefined {
  const noted = extensions[jsonLogName];
  if (noted !== undefined) return { path: new TextDecoder().decode(noted.value), json: true };
  return logPath === undefined ? undefined : { path: logPath, json: false };
}

/** How the shim writes to a log that there is. */
export function uriOf({ path, json }: Log): LogUri {
  return json ? loggerUri(path) : fileUri(path);
}

/** The log of a container, if this command made it; a file of somebody else's choice stays his. */
export function ownLog(info: Facts, namespace: string): string | undefined {
  const { path = '' } = logOf(info) ?? {};
  const { id } = info;
  const ours = [`${id}.log`, jsonLogOf(id)].map((name) => `/${namespace}/${name}`);
  return ours.some((end) => path.endsWith(end)) ? path : undefined;
}

/** Removes a log, with what rotations have put aside of it. */
export async function removeLog(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((one) => one.startsWith(`${name}.`));
  const aside = parts.filter((one) => /^\.\d+(\.gz)?$/.test(one.slice(name.length)));
  for (const one of [...aside, name]) await rm(join(folder, one), { force: true });
}

/** Whether there is a log of this path. */
export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** How much is in a log by now. */
export async function bytesIn(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** No id of a container ends so: the log of no other has this name. */
const jsonLogOf = (id: string): string => `${id}--json.log`;

const jsonLogName = 'ctrd-cli/json-log';

const fileUri = (path: string): LogUri => pathToFileURL(path).href as LogUri;

/** One pair of query: the shim gives its name and its value as arguments, several in any order. */
function loggerUri(path: string): LogUri {
  const logger = fileURLToPath(new URL('../dist/logger.js', import.meta.url));
  const query = `${encodeURIComponent(logger)}=${encodeURIComponent(path)}`;
  return `binary://${encodeURI(process.execPath)}?${query}` as LogUri;
}
