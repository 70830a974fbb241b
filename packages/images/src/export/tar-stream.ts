import { createTarPacker } from 'modern-tar';

/** A file or folder (its name ends in `/`) of a tar archive that is being written. */
export interface TarItem {
  readonly name: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

/**
 * A tar archive as it is read: no body is opened before its turn, and what is written ahead of the
 * reader is limited by the packer (8 MiB). Times are the epoch: the same items give the same bytes.
 */
export async function* tarStream(
  items: Iterable<TarItem> | AsyncIterable<TarItem>,
): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const reader = readable.getReader();

  async function pack(): Promise<void> {
    try {
      for await (const { name, size, body } of items) {
        const type = name.endsWith('/') ? 'directory' : 'file';
        const mode = type === 'directory' ? 0o755 : 0o444;
        const header = { name, type, mode, size, mtime: new Date(0), uid: 0, gid: 0 } as const;
        const writer = controller.add(header).getWriter();
        writer.closed.catch(() => {});
        for await (const chunk of body) await writer.write(chunk);
        await writer.close();
      }
      controller.finalize();
    } catch (error) {
      controller.error(error);
    }
  }

  const packed = pack();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done === true) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
    await packed;
  }
}
