import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = resolve(import.meta.dirname, '../..');

/** The folder with our own `.proto` files. */
export const ourProtos = join(root, 'proto');

/** Compiles the `.proto` files below a folder, which is the root of their imports. */
export async function descriptorsOf(folder: string): Promise<FileDescriptorSet> {
  const workshop = await mkdtemp(join(tmpdir(), 'ctrd-wire-'));
  try {
    const target = join(workshop, 'set.binpb');
    const buf = join(root, 'node_modules/.bin/buf');
    await promisify(execFile)(buf, ['build', folder, '--as-file-descriptor-set', '-o', target]);
    return fromBinary(FileDescriptorSetSchema, await readFile(target));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}
