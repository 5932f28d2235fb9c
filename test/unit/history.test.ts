/** What was deleted, when, with what, and because of whom. */
import { expect, it } from 'vitest';
import { readHistory } from '../../lib/operate/reports/history.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

/** `web` lives and goes twice, the first time together with its network; then a network of the same id goes. */
async function lives() {
  const world = memoryCluster();
  const { backend, chance, client } = world;
  for (const by of ['ann', 'bob']) {
    for (const id of ['front', 'kept']) await client.createNetwork({ id }).catch(() => undefined);
    await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }, { target: 'kept' }] } });
    await client.removeService('web', { by, reason: `of ${by}` });
    if (by === 'ann') await client.removeNetwork('front', { by: 'cid' });
    await backend.deliver();
    chance.advance(1000);
  }
  await client.createNetwork({ id: 'web' });
  await client.removeNetwork('web');
  await backend.deliver();
  return world;
}

it('tells one life of an id from another, the newest first', async () => {
  const { cluster } = await lives();
  const { deletions, more, isWhole } = await readHistory(cluster, { id: 'web', kind: 'service' });
  expect({ more, isWhole }).toEqual({ more: 0, isWhole: true });
  expect(deletions.map(({ markedBy, markedReason, freed, kept }) => ({ markedBy, markedReason, freed, kept }))).toEqual(
    [
      { markedBy: 'bob', markedReason: 'of bob', freed: [], kept: ['network#front', 'network#kept'] },
      { markedBy: 'ann', markedReason: 'of ann', freed: ['network#front'], kept: ['network#kept'] },
    ],
  );
  expect(new Set(deletions.map(({ markedAt }) => markedAt)).size).toBe(2);
  expect(deletions[0]).toMatchObject({ deletedAt: '2026-01-01T00:00:01.000Z', trigger: expect.any(String) });
});

it('of an id alone tells of both kinds', async () => {
  const { cluster } = await lives();
  const { deletions } = await readHistory(cluster, { id: 'web' });
  expect(deletions.map(({ object }) => object)).toEqual(['network#web', 'service#web', 'service#web']);
});

it('of a network also tells how it went along with a service', async () => {
  const { cluster } = await lives();
  const { deletions } = await readHistory(cluster, { id: 'front', kind: 'network' });
  expect(deletions).toMatchObject([{ object: 'network#front', wentWith: 'service#web', markedBy: 'cid', freed: [] }]);
});

it('of everything shows the newest, and says how many more there are', async () => {
  const { cluster } = await lives();
  const { deletions, more } = await readHistory(cluster, { limit: 2 });
  expect(deletions.map(({ object }) => object)).toEqual(['network#web', 'service#web']);
  expect(more).toBe(2);
  await expect(readHistory(cluster, { limit: 1.5 })).rejects.toMatchObject({ code: 'InvalidArgument' });
});

it('of what never was is empty', async () => {
  const { cluster } = await lives();
  expect(await readHistory(cluster, { id: 'nobody' })).toEqual({
    deletions: [],
    more: 0,
    isWhole: true,
    whereabouts: 'not there',
  });
});

it('finds what is gone by the name that it had, where no receipt has that id', async () => {
  const world = memoryCommandLine();
  const { client, cluster, backend, cli } = world;
  const named = (name: string) => ({ annotations: { name } });
  await client.createNetwork({ id: 'n1', spec: named('shop_front') });
  await client.createService({ id: 's1', spec: { ...named('shop_web'), networks: [{ target: 'n1' }] } });
  await client.removeService('s1');
  await client.removeNetwork('n1');
  await backend.deliver();
  const { deletions, whereabouts } = await readHistory(cluster, { id: 'shop_front', name: 'shop_front' });
  expect(deletions).toMatchObject([{ object: 'network#n1', name: 'shop_front', wentWith: 'service#s1' }]);
  expect(whereabouts).toBe('gone');
  expect(await readHistory(cluster, { id: 'shop_web', name: 'shop_web', kind: 'network' })).toMatchObject({
    deletions: [],
    whereabouts: 'not there',
  });
  for (const typed of [['shop_web'], ['service', 'shop_web'], ['svc/shop_web']]) {
    const told = await cli(['history', ...typed]);
    expect(told).toMatchObject({ status: 0, stderr: '' });
    expect(told.stdout).toContain('service s1 (shop_web)');
    expect(told.stdout.trimEnd().split('\n')).toHaveLength(3);
  }
  // A new object of that name is another one: its id has no receipt, and the old one's end is told all the same.
  await client.createService({ id: 's2', spec: named('shop_web') });
  expect((await cli(['history', 'service/shop_web'])).stdout).toContain('service s1 (shop_web)');
  expect(await cli(['history', 'shop_wbe'])).toMatchObject({ status: 1 });
});

it('passes over what the deallocator never writes, and tells of all else', async () => {
  const { cluster, tables } = await lives();
  tables.onStep = undefined; // no step of ours
  const receipt = { id: 'service#odd', markedAt: 'x', deletedAt: '2026-01-01T00:00:00Z', trigger: 'x' };
  const odd = [
    { ...receipt, freed: 'no list' },
    { ...receipt, freed: [null] },
    { ...receipt, freed: [{ id: 'network#n' }] },
    { ...receipt, kept: [7] },
    { id: receipt.id, markedAt: 'x' },
    { ...receipt, trigger: 7 },
  ];
  for (const [n, item] of odd.entries()) tables.put('receipts', { ...item, markedAt: `x${n}` });
  expect((await readHistory(cluster)).deletions).toHaveLength(4);
  tables.put('receipts', { ...receipt, freed: [{ id: 'network#n', markedAt: 'y' }] });
  expect((await readHistory(cluster)).deletions).toHaveLength(6);
});

it.each([
  { id: '' },
  { id: 'x'.repeat(3000) },
  { id: 'x'.repeat(2000), kind: 'service' as const },
  { kind: 'task' as 'service' },
])('can not be asked of %j', async (options) => {
  const { cluster } = await lives();
  await expect(readHistory(cluster, options)).rejects.toMatchObject({ code: 'InvalidArgument' });
});
