/** Marks that the typed client sets, keeps and takes back, and networks that it refuses to mark while they are used. */
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { MARKED, service } from '../support/objects.ts';
import {
  caught,
  client,
  connection,
  db,
  expectRefusal,
  ids,
  loseAnswer,
  raw,
  sent,
  useClient,
} from './client-on-engine.ts';

useClient();

describe.each([
  ['Service', 'services'],
  ['Network', 'networks'],
] as const)('remove%s', (Kind, table) => {
  const kind = Kind.toLowerCase();
  const create = (id: string) =>
    Kind === 'Service' ? client.createService({ id, owner: 'me' }) : client.createNetwork({ id, owner: 'me' });
  const remove = (id: string) => (Kind === 'Service' ? client.removeService(id) : client.removeNetwork(id));
  const undelete = (id: string) => (Kind === 'Service' ? client.undeleteService(id) : client.undeleteNetwork(id));
  const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[^#]+$/;

  it('sets the mark with its time and a suffix, and nothing else', async () => {
    await create('web');
    expect(await remove('web')).toEqual({
      id: 'web',
      markedAt: '2026-01-01T00:00:00.000Z#fresh-2',
      alreadyMarked: false,
    });
    const markedAt = '2026-01-01T00:00:00.000Z#fresh-2';
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', owner: 'me', pendingDelete: true, markedAt });
  });

  it('makes each mark unique, with the clock and the randomness of the system', async () => {
    const own = new DeallocatorClient({ tables: PHYSICAL_NAMES, connection });
    await create('web');
    const before = Date.now();
    const mark = async () =>
      (Kind === 'Service' ? await own.removeService('web') : await own.removeNetwork('web')).markedAt as string;
    const first = await mark();
    await undelete('web');
    const second = await mark();
    expect([first, second].every((markedAt) => FORM.test(markedAt))).toBe(true);
    expect(first.split('#')[1]).not.toBe(second.split('#')[1]);
    expect(Date.parse(first.split('#')[0] as string)).toBeGreaterThanOrEqual(before);
  });

  it('is idempotent, and keeps the first time', async () => {
    await create('web');
    const { markedAt } = await remove('web');
    expect(await remove('web')).toEqual({ id: 'web', markedAt, alreadyMarked: true });
    expect(await raw.get(table, { id: 'web' })).toMatchObject({ markedAt });
  });

  it('L2 gives a raw mark without a time one, so that the sweep finds it without any record', async () => {
    await raw.put(table, { id: 'web', ...MARKED });
    const { markedAt } = await remove('web');
    expect(markedAt).toMatch(FORM);
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', pendingDelete: true, markedAt });
  });

  it.each([['true'], [1], [null], [false], [{ BOOL: true }]])(
    'marks where pendingDelete is %j: that is no mark',
    async (pendingDelete) => {
      await raw.put(table, { id: 'web', pendingDelete });
      expect(await remove('web')).toMatchObject({ alreadyMarked: false });
      expect(await raw.get(table, { id: 'web' })).toMatchObject({
        pendingDelete: true,
        markedAt: expect.stringMatching(FORM),
      });
    },
  );

  it('knows its own mark when its answer is lost', async () => {
    await create('web');
    sent.length = 0;
    loseAnswer('TransactWriteItems');
    expect(await remove('web')).toMatchObject({ alreadyMarked: false, markedAt: expect.stringMatching(FORM) });
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(2);
  });

  it('refuses what is not there, and creates nothing', async () => {
    await expectRefusal(() => remove('nobody'), 'NotFound', `${kind} nobody is not there`);
  });

  it('is taken back by undelete: the mark and its time go, all else stays', async () => {
    await create('web');
    await remove('web');
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
    const unmarkedAt = expect.any(String);
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', owner: 'me', unmarkedAt });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: false });
  });

  it('is taken back where a raw writer left no time', async () => {
    await raw.put(table, { id: 'web', ...MARKED });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', unmarkedAt: expect.any(String) });
  });

  it('is not taken back where there was no mark: nothing is written', async () => {
    await raw.put(table, { id: 'web', pendingDelete: 'true', markedAt: 'kept' });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: false });
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', pendingDelete: 'true', markedAt: 'kept' });
  });

  it('is not taken back from what is gone', async () => {
    await expectRefusal(() => undelete('web'), 'NotFound', `${kind} web is not there`, 'cannot be undone');
  });

  // Undeletion.wasMarked says "False: it was not marked, and nothing was written".
  it('is taken back as marked when the answer is lost', async () => {
    await create('web');
    await remove('web');
    loseAnswer('TransactWriteItems');
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
  });
});

describe('removeNetwork', () => {
  beforeEach(async () => {
    await client.createNetwork({ id: 'front' });
  });

  it('marks a network that nobody uses', async () => {
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('refuses a network in use, naming the service', async () => {
    await client.createService(service('web', ['front']));
    await expectRefusal(
      () => client.removeNetwork('front'),
      'FailedPrecondition',
      'network front is in use by service web; remove or update it first',
      "whenInUse: 'wait'",
    );
    const error = await caught(client.removeNetwork('front', { whenInUse: 'refuse' }));
    expect(error).toMatchObject({ blockers: ['service#web'] });
  });

  it('names five services in order, and tells that there are others', async () => {
    for (const id of ['d', 'g', 'a', 'f', 'b', 'e', 'c']) await client.createService(service(id, ['front']));
    const error = await caught(client.removeNetwork('front'));
    expect(String(error)).toContain('in use by service a, b, c, d, e and others; remove or update them first');
    expect(error).toMatchObject({ blockers: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => `service#${id}`) });
  });

  it('names exactly five without others', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await client.createService(service(id, ['front']));
    expect(String(await caught(client.removeNetwork('front')))).toContain('in use by service a, b, c, d, e; remove');
  });

  it('names only the services that are not marked', async () => {
    for (const id of ['a', 'b']) await client.createService(service(id, ['front']));
    await client.removeService('a');
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ blockers: ['service#b'] });
    await client.removeService('b');
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('takes a raw text for no mark of a user', async () => {
    await client.createService(service('web', ['front']));
    await raw.put('services', service('web', ['front'], { pendingDelete: 'true' }));
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ code: 'FailedPrecondition' });
  });

  it('is not held up by an attachment whose service is gone', async () => {
    await raw.put('attachments', { held: 'network#front', holder: 'service#gone' });
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('looks behind a page of users that hold nothing up', async () => {
    const stale = ids(1000, 'a').map((id) => ({
      PutRequest: { Item: { held: 'network#front', holder: `service#${id}` } },
    }));
    for (let n = 0; n < stale.length; n += 25) {
      await db.send(new BatchWriteCommand({ RequestItems: { [PHYSICAL_NAMES.attachments]: stale.slice(n, n + 25) } }));
    }
    await client.createService(service('z', ['front']));
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ blockers: ['service#z'] });
    expect(sent.filter((request) => request === 'Query')).toHaveLength(2);
  });

  it('marks a network in use when told to wait', async () => {
    await client.createService(service('web', ['front']));
    expect(await client.removeNetwork('front', { whenInUse: 'wait' })).toMatchObject({ alreadyMarked: false });
    expect(await client.getNetwork('front')).toMatchObject({ pendingDelete: true });
    expect(await client.getService('web')).toEqual(service('web', ['front']));
    await expectRefusal(() => client.removeNetwork('nobody', { whenInUse: 'wait' }), 'NotFound', 'network nobody');
  });

  it('is idempotent also while a service uses it', async () => {
    await client.createService(service('web', ['front']));
    const { markedAt } = await client.removeNetwork('front', { whenInUse: 'wait' });
    expect(await client.removeNetwork('front')).toEqual({ id: 'front', markedAt, alreadyMarked: true });
  });
});
