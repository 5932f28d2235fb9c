/**
 * An answer that is lost after the commit, and what others do before the request is repeated. A mark that was made twice
 * with one `markedAt` let a deletion that had read the first take the second for it (found by a hostile review); a counter
 * that was created twice with one epoch let a recount of the first land on the second (found by the model).
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { isMarked } from '../../lib/protocol/model.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { createDatabase, ownConnection, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { finalization } from '../support/objects.ts';
import { networkError } from '../support/sdk-mock.ts';

describe.each<[string, 'services' | 'networks']>([
  ['service', 'services'],
  ['network', 'networks'],
])('of a %s', (kind, table) => {
  const key = { kind, id: 'web' } as const;
  let raw: ReturnType<typeof rawAccess>;
  let store: DynamoDBStore;
  let client: DeallocatorClient;
  /** Happens after the next write's commit; its answer is lost then. */
  let meanwhile: (() => Promise<void>) | undefined;

  beforeEach(async () => {
    const connection = ownConnection();
    raw = rawAccess(await createDatabase(connection), PHYSICAL_NAMES);
    const sdk = new DynamoDBClient({ ...connection, maxAttempts: 1 });
    sdk.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const answer = await next(args);
          const event = meanwhile;
          if (event === undefined || !/Update|Transact/.test(commandName)) return answer;
          meanwhile = undefined;
          await event();
          throw networkError('ECONNRESET');
        },
      { step: 'initialize' },
    );
    const chance = testChance();
    store = new DynamoDBStore(openDatabase(documentClient(sdk), PHYSICAL_NAMES, { chance, isLearned: true }));
    client = new DeallocatorClient({ tables: PHYSICAL_NAMES, client: sdk, chance });
  });

  const read = () => raw.get(table, { id: 'web' });
  const [remove, undelete] = {
    service: [() => client.removeService('web'), () => client.undeleteService('web')] as const,
    network: [() => client.removeNetwork('web', { whenInUse: 'wait' }), () => client.undeleteNetwork('web')] as const,
  }[kind as 'service' | 'network'];

  it('S3 a mark is made once: an undelete that came before its repeat stands', async () => {
    await raw.put(table, { id: 'web' });
    meanwhile = () => raw.put(table, { id: 'web' });
    await remove();
    expect(await read()).toEqual({ id: 'web' });
  });

  it('S1 a deletion that has read a mark does not take its repeat for it', async () => {
    await raw.put(table, { id: 'web' });
    let finalized: string | undefined;
    meanwhile = async () => {
      const parent = await store.readItem(key);
      if (parent === undefined || !isMarked(parent)) throw new Error('it is not marked');
      expect(await store.countChildren(key, 1)).toBe(0);
      await raw.put(table, { id: 'web' });
      meanwhile = undefined;
      afterwards = async () => {
        finalized = await store.finalize(finalization(parent));
      };
    };
    let afterwards: () => Promise<void> = async () => {};
    await remove();
    await afterwards();
    expect(finalized).toBe('cancelled');
    expect(await read()).toEqual({ id: 'web' });
  });

  it('S5 a mark is made once: a new life of the id is not marked by the repeat', async () => {
    await raw.put(table, { id: 'web' });
    meanwhile = async () => {
      await raw.delete(table, { id: 'web' });
      await raw.put(table, { id: 'web', life: 2 });
    };
    await remove();
    expect(await read()).toEqual({ id: 'web', life: 2 });
  });

  it('S3 a stamp is made once: it does not land on a second mark without a time', async () => {
    await raw.put(table, { id: 'web', pendingDelete: true });
    meanwhile = () => raw.put(table, { id: 'web', pendingDelete: true, again: true });
    await store.stampMark(key, 'm1');
    expect(await read()).toEqual({ id: 'web', pendingDelete: true, again: true });
  });

  it('S7 a counter is made once: none of a former epoch comes back after it was deleted', async () => {
    await raw.put(table, { id: 'web' });
    const fresh = { epoch: 'e1', openedAt: '2026-01-01T00:00:00.000Z' };
    let early = { remaining: Number.NaN, epoch: '' };
    meanwhile = async () => {
      // Another handler, after a removal was counted; then the mark is cleared, and a third one deletes the counter.
      await store.decrement(key, 1, 'now');
      early = await store.openCounter(key, fresh);
      expect(await store.closeCounter(key, fresh.epoch)).toBe('done');
    };
    await store.openCounter(key, fresh);
    // Marked again with one child, and counted against what was read of the former counter: 1 - (-1) = 2 would be too many.
    expect(early).toEqual({ remaining: -1, epoch: 'e1' });
    expect(await store.recount(key, early.epoch, 1 - early.remaining, 'e2')).toEqual({ status: 'failed' });
    expect(await raw.get('counters', { id: `${kind}#web` })).toBeUndefined();
  });

  it("an undelete is made once: its repeat does not clear somebody's newer mark", async () => {
    const newer = { id: 'web', pendingDelete: true, markedAt: 'newer' };
    await raw.put(table, { id: 'web', pendingDelete: true, markedAt: 'older' });
    meanwhile = () => raw.put(table, newer);
    expect(await undelete()).toEqual({ id: 'web', wasMarked: true });
    expect(await read()).toEqual(newer);
  });
});
