/** Networks that the typed client writes, and what it lists and reads. */

import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { MARKED } from '../support/objects.ts';
import {
  attachments,
  client,
  db,
  expectInvalid,
  expectRefusal,
  ids,
  raw,
  readAll,
  to,
  useClient,
} from './client-on-engine.ts';

useClient();

describe('networks', () => {
  it('are created as they are given, and refused where the id is taken or being deleted', async () => {
    await client.createNetwork({ id: 'front', spec: { driver: 'x' }, owner: 'me' });
    expect(await client.getNetwork('front')).toEqual({ id: 'front', spec: { driver: 'x' }, owner: 'me' });
    await expectRefusal(() => client.createNetwork({ id: 'front' }), 'AlreadyExists', 'network front exists');
    await client.removeNetwork('front');
    await expectRefusal(() => client.createNetwork({ id: 'front' }), 'AlreadyExists', 'is being deleted');
    await expectInvalid(() => client.createNetwork({ id: 'x', pendingDelete: true }), 'network x carries');
  });

  it('are updated on what was read, refused once they are marked, and refer to nothing', async () => {
    await client.createNetwork({ id: 'front', spec: { mtu: 1400 }, owner: 'me' });
    const spec = { mtu: 1500, networks: to('nowhere') };
    expect(await client.updateNetwork('front', (old) => ({ ...old, ...spec }))).toEqual({
      id: 'front',
      spec,
      owner: 'me',
    });
    expect(await raw.get('networks', { id: 'front' })).toEqual({ id: 'front', spec, owner: 'me' });
    expect(await attachments()).toEqual([]);
    await client.removeNetwork('front');
    await expectRefusal(
      () => client.updateNetwork('front', () => ({})),
      'FailedPrecondition',
      'network front is marked',
    );
    await expectRefusal(() => client.updateNetwork('nobody', () => ({})), 'NotFound');
  });
});

describe('lists', () => {
  const idsOf = (pages: { id: string }[][]) =>
    pages
      .flat()
      .map(({ id }) => id)
      .sort();

  it.each([
    ['services', 'listServices'],
    ['networks', 'listNetworks'],
  ] as const)('%s page by page, each once, whole', async (table, method) => {
    for (const id of ids(7)) await raw.put(table, { id, other: id });
    const pages = await readAll((options) => client[method](options), 3);
    expect(pages.every((page) => page.length <= 3)).toBe(true);
    expect(idsOf(pages)).toEqual(ids(7));
    expect(pages.flat().every(({ id, other }) => id === other)).toBe(true);
    expect(await client[method]()).not.toHaveProperty('next');
  });

  it('tasks of one service page by page, in order', async () => {
    for (const id of ids(7, 't')) await raw.put('tasks', { serviceId: 'web', id });
    await raw.put('tasks', { serviceId: 'api', id: 't1' });
    const pages = await readAll((options) => client.listTasks('web', options), 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids(7, 't'));
    expect(await client.listTasks('nobody')).toEqual({ items: [] });
  });

  it.each([
    ['services', 'listMarkedServices'],
    ['networks', 'listMarkedNetworks'],
  ] as const)('only the %s that are marked, by id and mark', async (table, method) => {
    for (const id of ids(5)) await raw.put(table, { id, pendingDelete: true, markedAt: `m-${id}`, other: 'x' });
    await raw.put(table, { id: 'unmarked' });
    await raw.put(table, { id: 'unstamped', ...MARKED });
    const pages = await readAll((options) => client[method](options), 2);
    expect(pages.every((page) => page.length <= 2)).toBe(true);
    expect(pages.flat().sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      ids(5).map((id) => ({ id, markedAt: `m-${id}` })),
    );
    expect(await client[method === 'listMarkedServices' ? 'listMarkedNetworks' : 'listMarkedServices']()).toEqual({
      items: [],
    });
  });

  it('read 100 items a page by default, and 1,000 at most', async () => {
    const puts = ids(101).map((id) => ({ PutRequest: { Item: { id } } }));
    for (let n = 0; n < puts.length; n += 25) {
      await db.send(new BatchWriteCommand({ RequestItems: { [PHYSICAL_NAMES.services]: puts.slice(n, n + 25) } }));
    }
    const { items, next } = await client.listServices();
    expect(items).toHaveLength(100);
    expect((await client.listServices({ from: next as never })).items).toHaveLength(1);
    expect((await client.listServices({ limit: 1000 })).items).toHaveLength(101);
    expect((await client.listServices({ limit: 1 })).items).toHaveLength(1);
  });

  it.each([[0], [-1], [1001], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['10'], [null]])(
    'refuse the limit %j',
    async (limit) => {
      const options = { limit: limit as number };
      await expectInvalid(() => client.listServices(options), 'from 1 to 1000');
      await expectInvalid(() => client.listNetworks(options));
      await expectInvalid(() => client.listMarkedServices(options));
      await expectInvalid(() => client.listMarkedNetworks(options));
      await expectInvalid(() => client.listTasks('web', options));
    },
  );

  it('refuse a page token of another list', async () => {
    await expectRefusal(() => client.listServices({ from: { serviceId: 'web', id: 't1' } }), 'InvalidArgument');
  });
});

describe('get', () => {
  it('reads what is there, a mark included', async () => {
    await raw.put('services', { id: 'web', pendingDelete: true, markedAt: 'm1', other: [1] });
    expect(await client.getService('web')).toEqual({ id: 'web', pendingDelete: true, markedAt: 'm1', other: [1] });
  });

  it('refuses what is not there', async () => {
    await expectRefusal(() => client.getService('nobody'), 'NotFound', 'service nobody is not there');
    await expectRefusal(() => client.getNetwork('nobody'), 'NotFound', 'network nobody is not there');
  });
});
