/** The client's marks, by the real requests and conditions, on DynamoDB in memory. */
import { expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { MARKED, service } from '../support/objects.ts';

function house() {
  const tables = new MemoryTables();
  const engine = new MemoryEngine({ tables, names: MEMORY_NAMES });
  const client = new DeallocatorClient({
    tables: MEMORY_NAMES,
    client: memoryClient((operation, input) => engine.carryOut(operation, input)),
    chance: testChance(),
  });
  return { tables, client };
}

it('a mark gets its time, and keeps it when it is made again', async () => {
  const { tables, client } = house();
  tables.put('services', service('web'));
  const { markedAt, alreadyMarked } = await client.removeService('web');
  expect(alreadyMarked).toBe(false);
  expect(tables.get('services', { id: 'web' })).toMatchObject({ pendingDelete: true, markedAt });
  expect(await client.removeService('web')).toEqual({ id: 'web', markedAt, alreadyMarked: true });
});

it('a raw mark without a time gets one from the next removal', async () => {
  const { tables, client } = house();
  tables.put('services', service('web', [], MARKED));
  const { markedAt, alreadyMarked } = await client.removeService('web');
  expect({ alreadyMarked, markedAt }).toEqual({ alreadyMarked: false, markedAt: expect.any(String) });
  expect(tables.get('services', { id: 'web' })).toMatchObject({ pendingDelete: true, markedAt });
});

it('a protection is put on and taken away, each once, and refuses a mark', async () => {
  const { tables, client } = house();
  tables.put('services', service('web'));
  expect(await client.unprotectService('web')).toEqual({ id: 'web', changed: false });
  expect(await client.protectService('web')).toEqual({ id: 'web', changed: true });
  expect(await client.protectService('web')).toEqual({ id: 'web', changed: false });
  expect(tables.get('services', { id: 'web' })).toMatchObject({ protected: true });
  await expect(client.removeService('web')).rejects.toMatchObject({ code: 'FailedPrecondition' });
  expect(await client.unprotectService('web')).toEqual({ id: 'web', changed: true });
  expect(tables.get('services', { id: 'web' })).not.toHaveProperty('protected');
  tables.put('services', { ...service('web'), protected: false });
  expect(await client.unprotectService('web')).toEqual({ id: 'web', changed: false });
  expect((await client.removeService('web')).alreadyMarked).toBe(false);
});
