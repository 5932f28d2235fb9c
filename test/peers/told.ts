/** A story on the memory backend whose teller decides what happens at a request, and which records come when. */
import type { BatchResponse } from '../../lib/streams/batch.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import { wrapStore } from '../support/faults.ts';
import { type MemoryBackend, memoryBackend } from '../support/memory-backend.ts';
import { service, task } from '../support/objects.ts';

type Streamed = 'services' | 'tasks' | 'networks' | 'attachments';
type Event = () => Promise<void> | void;

export interface Told {
  readonly backend: MemoryBackend;
  /** Happens once: right before the next request of that name is carried out. */
  before(request: string, event: Event): void;
  /** Happens once: right after it was carried out, and before its answer comes. */
  after(request: string, event: Event): void;
  /** The records that wait for a table's function, which then gets them only from the teller's hands. */
  take(table: Streamed): LambdaRecord[];
  /** The sequence numbers that a batch answers as failed. */
  invoke(table: Streamed, records: readonly LambdaRecord[]): Promise<string[]>;
  /** Hands over a batch as Lambda does: again from the lowest failed record on, until nothing of it is left. */
  invokeUntilDone(table: Streamed, records: readonly LambdaRecord[]): Promise<void>;
  /** A marked service with tasks `t1`, `t2`, …, its counter opened, and no record waiting. */
  drain(id: string, tasks: number, networks?: readonly string[]): Promise<void>;
  deleteTask(serviceId: string, id: string): Promise<void>;
  isThere(table: 'services' | 'networks', id: string): Promise<boolean>;
  remaining(name: string): Promise<unknown>;
  tasksLeft(serviceId: string): Promise<number>;
}

/** A batch that isn't done after so many deliveries never will be: Lambda gives up after 5 retries. */
const DELIVERIES_MAX = 6;

export function told(): Told {
  const events = { before: new Map<string, Event>(), after: new Map<string, Event>() };
  const happen = async (when: 'before' | 'after', request: string) => {
    const event = events[when].get(request);
    events[when].delete(request);
    await event?.();
  };
  const backend = memoryBackend({
    wrap: (store) =>
      wrapStore(store, async (request, call) => {
        await happen('before', request);
        const answer = await call();
        await happen('after', request);
        return answer;
      }),
  });
  const invoke = async (table: Streamed, records: readonly LambdaRecord[]): Promise<string[]> => {
    const { batchItemFailures }: BatchResponse = await backend.invoke(table, records);
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  return {
    backend,
    before: (request, event) => events.before.set(request, event),
    after: (request, event) => events.after.set(request, event),
    take: (table) => backend.tables.streams[table].splice(0),
    invoke,
    async invokeUntilDone(table, records) {
      let rest = records;
      for (let deliveries = 1; rest.length > 0; deliveries++) {
        if (deliveries > DELIVERIES_MAX) throw new Error(`${rest.length} records are still failing`);
        const [lowest] = await invoke(table, rest);
        const from = rest.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === lowest);
        rest = from < 0 ? [] : rest.slice(from);
      }
    },
    async drain(id, tasks, networks = []) {
      await backend.put('services', service(id, networks));
      for (let n = 1; n <= tasks; n++) await backend.put('tasks', task(id, `t${n}`));
      await backend.put('services', service(id, networks, { pendingDelete: true, markedAt: `m-${id}` }));
      await backend.deliver();
    },
    deleteTask: (serviceId, id) => backend.delete('tasks', { serviceId, id }),
    isThere: async (table, id) => (await backend.get(table, { id })) !== undefined,
    remaining: async (id) => (await backend.get('counters', { id }))?.remaining,
    tasksLeft: async (serviceId) =>
      (await backend.world()).tasks.filter((stored) => stored.serviceId === serviceId).length,
  };
}

/** How a request fails when nobody answers it. */
export function unanswered(): never {
  throw new Error('DynamoDB did not answer');
}
