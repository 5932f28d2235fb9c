/** Writes by hands that know nothing of the client, on the template and the bundles that would be deployed. */
import { UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { MARKED, network, oldStyleService, service, task } from '../support/objects.ts';

let backend: LocalBackend;
beforeEach(async () => {
  backend = await localBackend();
});
afterEach(async () => {
  expect(checkRest(await backend.world())).toEqual([]);
  expect(backend.cloud.deadLetters()).toEqual([]);
  await backend.close();
});

const left = async () => {
  const { services, networks } = await backend.world();
  return [...services, ...networks].map(({ id }) => id).sort();
};
const attachments = async () =>
  (await backend.world()).attachments
    .map(({ held, holder }) => `${held.replace('network#', '')}/${holder.replace('service#', '')}`)
    .sort();

describe('raw writes', () => {
  it('S4 a service written without attachments gets them, changed ones too, and loses them when it is deleted raw', async () => {
    for (const id of ['front', 'back']) await backend.put('networks', network(id));
    await backend.put('services', service('web', ['front', 'nowhere']));
    await backend.deliver();
    expect(await attachments()).toEqual(['front/web', 'nowhere/web']);

    await backend.put('services', oldStyleService('web', ['back']));
    await backend.deliver();
    expect(await attachments()).toEqual(['back/web']);

    await backend.put('networks', network('back', MARKED));
    await backend.deliver();
    expect(await left()).toEqual(['back', 'front', 'web']);
    await backend.delete('services', { id: 'web' });
    await backend.deliver();
    expect(await attachments()).toEqual([]);
    expect(await left()).toEqual(['front']);
  });

  it('S2 a raw service with attachments keeps a marked network', async () => {
    await backend.put('networks', network('front'));
    await backend.put('services', service('web', ['front']));
    await backend.put('tasks', task('web', 't1'));
    await backend.deliver();
    await backend.put('networks', network('front', MARKED));
    await backend.deliver();
    expect(await left()).toEqual(['front', 'web']);
    await backend.put('services', service('web', ['front'], MARKED));
    await backend.deliver();
    expect(await left()).toEqual(['front', 'web']);
    await backend.delete('tasks', { serviceId: 'web', id: 't1' });
    await backend.deliver();
    expect(await left()).toEqual([]);
  });

  it('S1 an object born marked goes when it is free, and not before', async () => {
    await backend.put('tasks', task('busy', 't1'));
    await backend.put('services', service('idle', [], MARKED));
    await backend.put('services', service('busy', [], { ...MARKED, markedAt: '2026-01-01T00:00:00.000Z#raw' }));
    await backend.put('networks', network('unused', MARKED));
    await backend.deliver();
    expect(await left()).toEqual(['busy']);
    expect(await backend.get('services', { id: 'busy' })).toMatchObject({ markedAt: '2026-01-01T00:00:00.000Z#raw' });
    await backend.delete('tasks', { serviceId: 'busy', id: 't1' });
    await backend.deliver();
    expect(await left()).toEqual([]);
  });

  it('S3 a mark that was cleared raw, its time left behind, is no mark, and the next one is a new one', async () => {
    await backend.put('tasks', task('web', 't1'));
    await backend.put('services', service('web', [], MARKED));
    await backend.deliver();
    const { markedAt } = (await backend.get('services', { id: 'web' })) as { markedAt: string };
    expect(markedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z#[\da-f-]{36}$/);

    await backend.put('services', service('web', [], { markedAt }));
    await backend.delete('tasks', { serviceId: 'web', id: 't1' });
    await backend.deliver();
    expect(await backend.get('services', { id: 'web' })).toEqual(service('web'));

    await backend.put('services', service('web', [], MARKED));
    await backend.deliver();
    expect(await left()).toEqual([]);
  });

  it('S3 nothing but the BOOL true is a mark', async () => {
    for (const [n, pendingDelete] of ['true', 1, { BOOL: true }, [true], null, false].entries()) {
      await backend.put('services', service(`s${n}`, [], { pendingDelete }));
      await backend.put('networks', network(`n${n}`, { pendingDelete }));
    }
    await backend.deliver();
    expect((await backend.sweep()).deleted).toEqual([]);
    expect(await left()).toHaveLength(12);
  });

  it('S4 a counter does not outlive a marked service that is deleted raw', async () => {
    await backend.put('tasks', task('web', 't1'));
    await backend.put('services', service('web', [], MARKED));
    await backend.deliver();
    expect((await backend.world()).counters).toMatchObject([{ id: 'service#web', remaining: 1 }]);
    await backend.delete('tasks', { serviceId: 'web', id: 't1' });
    await backend.delete('services', { id: 'web' });
    await backend.deliver();
    expect((await backend.world()).counters).toEqual([]);
  });

  it('a service of 500 networks goes in the end, with those that are marked, and nothing leaks', async () => {
    const ids = Array.from({ length: 500 }, (_, n) => `n${String(n).padStart(3, '0')}`);
    await Promise.all(ids.map((id) => backend.put('networks', network(id))));
    await backend.put('tasks', task('web', 't1'));
    await backend.put('services', service('web', ids));
    await backend.deliver();
    expect(await attachments()).toHaveLength(500);
    const marked = ids.slice(0, 250);
    await Promise.all(marked.map((id) => backend.put('networks', network(id, MARKED))));
    await backend.put('services', service('web', ids, MARKED));
    await backend.deliver();
    expect(await left()).toHaveLength(501);
    await backend.delete('tasks', { serviceId: 'web', id: 't1' });
    await backend.deliver();
    expect(await left()).toEqual(ids.slice(250));
    expect(await attachments()).toEqual([]);
  });

  it('L1 tasks that expire count as deleted', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
    const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    await db.send(
      new UpdateTimeToLiveCommand({
        TableName: backend.tables.tasks,
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' },
      }),
    );
    const expiresAt = Math.floor(Date.now() / 1000) - 60;
    await backend.put('services', service('web'));
    for (const id of ['t1', 't2']) await backend.put('tasks', { ...task('web', id), expiresAt });
    await backend.put('services', service('web', [], MARKED));
    const isThere = async () => (await backend.get('services', { id: 'web' })) !== undefined;
    await expect.poll(isThere, { timeout: 50_000, interval: 200 }).toBe(false);
    await backend.deliver();
    expect((await backend.world()).tasks).toEqual([]);
  });

  it('L2 a sweep by hand needs no record', async () => {
    await backend.cloud.pauseMappings();
    await backend.put('networks', network('front', { ...MARKED, markedAt: 'raw#1' }));
    await backend.put('services', service('web', ['front'], { ...MARKED, markedAt: 'raw#2' }));
    expect(await backend.sweep({ trigger: 'test' })).toMatchObject({
      complete: true,
      deleted: ['service#web', 'network#front'],
      failed: [],
      oldestMarkSeconds: 0,
    });
    expect(await left()).toEqual([]);
    backend.cloud.resumeMappings();
    await backend.deliver();
  });
});

describe('S5 ids', () => {
  it.each([
    ['a separator', 'service#a#b'],
    ['NUL', 'a\u0000b'],
    ['emoji and right-to-left', '🧹 \u202eabc ñ'],
    ['quotes and braces', `{"S":"x'}] ; --`],
    ['a prototype', '__proto__'],
    ['1,016 bytes', 'é'.repeat(508)],
  ])('with %s drain like any other', async (_, id) => {
    await backend.client.createNetwork({ id });
    await backend.client.createService({ id, spec: { task: { networks: [{ target: id }] } } });
    await backend.client.createTasks(id, [{ id }, { id: 'other' }]);
    await backend.client.removeNetwork(id, { whenInUse: 'wait' });
    await backend.client.removeService(id);
    await backend.client.deleteTasks(id, [id]);
    await backend.deliver();
    expect(await left()).toEqual([id, id]);
    await backend.client.deleteTask(id, 'other');
    await backend.deliver();
    expect(await left()).toEqual([]);
  });
});
