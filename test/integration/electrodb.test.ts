/**
 * The example with ElectroDB: on the tables in memory, drained by the functions; on DynamoDB Local, settled by the store; and on the local
 * cloud, with the template and the functions that would be deployed.
 */
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { createBook, createShelf, deleteBook, entitiesOf, LIBRARY, moveBook } from '../../bin/examples/electrodb.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { settle } from '../../lib/protocol/settle.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { kindFunctions } from '../support/kind-functions.ts';
import { kindTables } from '../support/kind-tables.ts';
import { localBackend } from '../support/local-backend.ts';

async function onLocal() {
  const own = await kindTables(LIBRARY);
  const chance = testChance();
  const plan = planOf(LIBRARY);
  const store = new DynamoDBStore(openDatabase(own.db, own.tables as never, { plan, chance, isLearned: true }));
  const drain = async () => {
    for (const id of ['a1', 'b2']) await settle(store, chance, { kind: 'shelf', id }, { patient: true });
  };
  return { ...own, chance, drain };
}

describe.each([
  ['in memory', async () => kindFunctions(LIBRARY)],
  ['on DynamoDB Local', onLocal],
] as const)('books of ElectroDB %s', (_, open) => {
  let ground: Awaited<ReturnType<typeof open>>;
  let library: Parameters<typeof createBook>[0];
  beforeEach(async () => {
    ground = await open();
    const { db, tables, chance } = ground;
    const deallocator = new DeallocatorClient({ lifecycle: LIBRARY, tables, client: db, chance });
    const { shelves, books } = tables as { shelves: string; books: string };
    library = { db, deallocator, entities: entitiesOf(db, { shelves, books }) };
    await createShelf(library, { shelfId: 'a1' });
    await createShelf(library, { shelfId: 'b2' });
    await createBook(library, { isbn: '978', shelfId: 'a1' });
  });
  const held = async () => (await ground.items('attachments')).map(({ held: shelf, holder }) => `${shelf} < ${holder}`);
  const shelves = async () => (await ground.items('shelves')).map(({ shelfId }) => shelfId).sort();
  const mark = (id: string) => library.deallocator.remove('shelf', id, { whenInUse: 'wait' });

  it('hold their shelf from the transaction that creates them', async () => {
    expect(await held()).toEqual(['shelf#a1 < book#978']);
    await expect(library.deallocator.remove('shelf', 'a1')).rejects.toMatchObject({ blockers: ['book#978'] });
    expect(await library.deallocator.get('book', '978')).toMatchObject({ isbn: '978', shelfId: 'a1', status: 'here' });
  });

  it('S2 keep a marked shelf, which goes with the last of them', async () => {
    await createBook(library, { isbn: '979', shelfId: 'a1' });
    await mark('a1');
    await deleteBook(library, '978');
    await ground.drain();
    expect(await shelves()).toEqual(['a1', 'b2']);
    await deleteBook(library, '979');
    await ground.drain();
    expect(await shelves()).toEqual(['b2']);
    expect([await held(), await ground.items('counters')]).toEqual([[], []]);
    expect(await ground.items('receipts')).toMatchObject([{ id: 'shelf#a1' }]);
  });

  it('S2 are not created on a shelf that is marked or not there, nor moved to one', async () => {
    await mark('b2');
    for (const shelfId of ['b2', 'nowhere']) {
      await expect(createBook(library, { isbn: '1', shelfId })).rejects.toThrow('ConditionalCheckFailed');
      await expect(moveBook(library, '978', shelfId)).rejects.toThrow('ConditionalCheckFailed');
    }
    expect(await held()).toEqual(['shelf#a1 < book#978']);
  });

  it('let the shelf before go when they move', async () => {
    await mark('a1');
    await moveBook(library, '978', 'b2');
    expect(await held()).toEqual(['shelf#b2 < book#978']);
    await ground.drain();
    expect(await shelves()).toEqual(['b2']);
  });
});

it('S2 drain on the local cloud, by the functions that their declaration has', { timeout: 120_000 }, async () => {
  const backend = await localBackend({ lifecycle: LIBRARY });
  try {
    const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
    const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const { tables } = backend;
    const deallocator = new DeallocatorClient({ lifecycle: LIBRARY, tables, client: db });
    const { shelves, books } = tables as Readonly<Record<string, string>> as { shelves: string; books: string };
    const library = { db, deallocator, entities: entitiesOf(db, { shelves, books }) };
    await createShelf(library, { shelfId: 'a1' });
    for (const isbn of ['978', '979']) await createBook(library, { isbn, shelfId: 'a1' });
    await deallocator.remove('shelf', 'a1', { whenInUse: 'wait' });
    await expect(createBook(library, { isbn: '1', shelfId: 'a1' })).rejects.toThrow('ConditionalCheckFailed');
    await deleteBook(library, '978');
    await backend.deliver();
    expect((await deallocator.list('shelf')).items).toHaveLength(1);
    // As a console would: nothing of its attachment is said, and its record lets go of it.
    await db.send(new DeleteCommand({ TableName: books, Key: { pk: 'book#979', sk: 'book' } }));
    await backend.deliver();
    expect((await deallocator.list('shelf')).items).toEqual([]);
  } finally {
    await backend.close();
  }
});
