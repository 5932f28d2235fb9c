/** Writes a snapshot with the typed client, so that attachments and the fence are as they must be. */
import type { DeallocatorClient } from '../client/client.ts';
import { mapInParallel } from '../protocol/parallel.ts';
import type { Snapshot } from './snapshot.ts';

/** Writes side by side: enough to hide the round trip, few enough for a laptop. */
const WRITES_IN_PARALLEL = 8;

/** Into tables where none of its ids is taken. Throws `signal`'s reason between two writes. */
export async function loadSnapshot(client: DeallocatorClient, snapshot: Snapshot, signal: AbortSignal): Promise<void> {
  await mapInParallel(snapshot.networks, WRITES_IN_PARALLEL, async (network) => {
    signal.throwIfAborted();
    await client.createNetwork(network);
  });
  // One after another: services that share a network check the same item, and their transactions would conflict.
  for (const service of snapshot.services) {
    signal.throwIfAborted();
    await client.createService(service);
  }
  const tasks = Map.groupBy(snapshot.tasks, ({ serviceId }) => serviceId);
  await mapInParallel([...tasks], WRITES_IN_PARALLEL, async ([serviceId, tasksOfService]) => {
    signal.throwIfAborted();
    await client.createTasks(serviceId, tasksOfService);
  });
}
