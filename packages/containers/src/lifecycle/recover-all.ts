import { Containers } from '@ctrd/api/services/containers/v1';
import { type CtrdError, hasCode, ownerLabel, type Running, toCtrdError } from '@ctrd/core';
import type { RecoverAllOptions, RecoverCandidate } from '../container-options.js';
import type { ExitMessage } from '../exits/exit-message.js';
import { labelledExit, labels } from './labels.js';
import type { ContainerParts } from './parts.js';
import type { ContainerRecord } from './records.js';
import { recoverContainer } from './recover.js';
import type { LiveContainer } from './registry.js';

/** What became of one container of {@link recoverAll}. */
export interface Recovered {
  readonly id: string;
  readonly container?: LiveContainer | undefined;
  /** Told before, by another life. */
  readonly exit?: ExitMessage | undefined;
  readonly error?: CtrdError | undefined;
}

/** How many are taken up at once; a hung shim holds one place for some seconds. */
const atOnce = 16;

/** Takes up every container that the filter takes and this client does not watch already. */
export async function recoverAll(
  parts: ContainerParts,
  { filter = isOrphan, stdio, signal }: Running<RecoverAllOptions>,
): Promise<readonly Recovered[]> {
  const waiting = (await candidates(parts, signal)).filter(({ candidate }) => filter(candidate));
  const journal = once(() => parts.journal.list());
  const recovered: Recovered[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { id } = next.record;
      try {
        const options = { stdio, signal };
        recovered.push({ id, container: await recoverContainer(parts, id, options, journal) });
      } catch (error) {
        if (signal.aborted) throw error;
        const told = labelledExit(next.record);
        const over = told !== undefined && hasCode(error, 'not-found');
        recovered.push(
          over ? { id, exit: told } : { id, error: toCtrdError(error).within({ subject: id }) },
        );
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return recovered;
}

/** Containers that ctrd has made, and whose owner is gone; others' are not touched unasked. */
function isOrphan({ owner }: RecoverCandidate): boolean {
  return owner === 'dead' || owner === 'self';
}

interface Orphan {
  readonly record: ContainerRecord;
  readonly candidate: RecoverCandidate;
}

async function candidates(parts: ContainerParts, signal: AbortSignal): Promise<Orphan[]> {
  const found: Orphan[] = [];
  const records = parts.rpc.client(Containers).listStream({ filters: [] }, { signal });
  for await (const { container } of records) {
    if (container === undefined) continue;
    const { id, image } = container;
    const live = parts.registry.get(id);
    if (live !== undefined && live.process.exit.exit === undefined) continue;
    const by = container.labels[ownerLabel];
    const own = container.labels[labels.creation] !== undefined;
    const owner = await ownerOf(parts, own ? by : undefined);
    const candidate = { id, image, labels: { ...container.labels }, owner };
    found.push({ record: container, candidate });
  }
  return found;
}

async function ownerOf(
  { owner }: ContainerParts,
  id: string | undefined,
): Promise<RecoverCandidate['owner']> {
  if (id === undefined) return 'none';
  return id === owner.id ? 'self' : await owner.state(id);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
