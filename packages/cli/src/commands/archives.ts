import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalidArgument } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { writeHostFile } from '../host-file.js';

interface ExportFlags {
  readonly output?: string;
  readonly platform?: string;
  readonly allPlatforms?: true;
}

/** Writes images as a tar archive, to a file that is there only when it is whole. */
export const exportImages: Run<ExportFlags> = async (references, flags, context) => {
  const { output, platform, allPlatforms } = flags;
  const { client, signal } = context;
  const archive = client.exportImage({ references, platform, allPlatforms, signal });
  if (output === undefined || output === '-') {
    if (process.stdout.isTTY) {
      throw invalidArgument('--output', 'name a file: an archive does not belong on a terminal');
    }
    await pipeline(Readable.from(archive), process.stdout, { end: false });
    return;
  }
  await writeHostFile(output, archive, signal);
};
