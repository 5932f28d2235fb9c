import type { DeallocatorClient } from '../../lib/client/client.ts';
import { importSnapshot } from '../../lib/operate/snapshots/import.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

/** Loads a snapshot whole: `AlreadyExists` if anything of it can't be put. Throws `signal`'s reason between two writes. */
export async function loadSnapshot(client: DeallocatorClient, snapshot: Snapshot, signal: AbortSignal): Promise<void> {
  const { refusals } = await importSnapshot(client, snapshot, { signal });
  const [first] = refusals;
  if (first === undefined) return;
  throw new DeallocatorError(
    'AlreadyExists',
    `${refusals.length} objects of the snapshot were not loaded, the first of them ${first.object}: ${first.reason}; use empty tables`,
  );
}
