/** What may happen to functions and streams: which alarm rings, what makes good for it, and that the alarm goes out again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { throttled } from '../../lib/local/dynamodb/faults.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { type Drill, HOUR_MILLIS, isFunctions, MINUTE_MILLIS, principalOf, startDrill } from './drill.ts';

const STREAM_FUNCTIONS = ['attachment-deleted', 'network-updated', 'service-updated', 'task-deleted'] as const;
const DAY_MILLIS = 24 * HOUR_MILLIS;

let drill: Drill;
beforeEach(async () => {
  drill = await startDrill();
  expect(drill.ringing()).toEqual([]);
});
afterEach(() => drill.close());

/** A service with one task on one network, both marked. */
async function markShop(name: string): Promise<void> {
  const { client } = drill;
  await client.createNetwork({ id: `${name}-front` });
  await client.createService({ id: name, spec: { task: { networks: [{ target: `${name}-front` }] } } });
  await client.createTask(name, { id: 't1' });
  await client.removeService(name);
  await client.removeNetwork(`${name}-front`, { whenInUse: 'wait' });
}

async function expectAllGone(): Promise<void> {
  await drill.deliver();
  const { services, networks, tasks, counters } = await drill.world();
  expect({ services, networks, tasks, counters }).toEqual({ services: [], networks: [], tasks: [], counters: [] });
}

it('functions that are broken for a day ring, nothing goes meanwhile, and the deployment’s sweep makes good for it', async () => {
  const { cloud } = drill;
  await drill.put('attachments', { held: 'network#n', holder: 'service#gone' });
  cloud.setIntercept(({ principal }) => {
    if (isFunctions(principal)) cloud.killFunctions(principal);
    return undefined;
  });
  await markShop('shop');
  await drill.put('tasks', task('other', 't1'));
  await drill.client.deleteTask('shop', 't1');
  await drill.delete('attachments', { held: 'network#n', holder: 'service#gone' });
  await drill.deliver();
  expect(drill.ringing()).toEqual([
    'DeadLetters',
    'ErrorsAttachmentDeleted',
    'ErrorsNetworkUpdated',
    'ErrorsServiceUpdated',
    'ErrorsTaskDeleted',
  ]);
  await expect(drill.sweep()).rejects.toThrow('the sweep failed');
  drill.pass(DAY_MILLIS);
  expect(drill.ringing()).toEqual(['DeadLetters', 'SweepMissing']);
  expect((await drill.world()).services).toHaveLength(1);

  cloud.setIntercept(undefined);
  await drill.delete('tasks', { serviceId: 'other', id: 't1' });
  expect(await drill.sweep()).toMatchObject({ complete: true, deletedCount: 2 });
  expect((await drill.redrive()).kept).toBe(0);
  await expectAllGone();
  expect(await drill.ringingLater()).toEqual([]);
});

describe('a stream that is off for longer than it remembers', () => {
  it('rings because sweeps do its work, and goes on when it is on again', async () => {
    const shops = Array.from({ length: 5 }, (_, n) => `shop-${n}`);
    drill.loseRecords(true);
    for (const name of shops) {
      await markShop(name);
      await drill.client.deleteTask(name, 't1');
    }
    await drill.deliver();
    expect((await drill.world()).services).toHaveLength(shops.length);
    drill.pass(DAY_MILLIS + HOUR_MILLIS);
    expect(await drill.sweep()).toMatchObject({ complete: true, deletedCount: 2 * shops.length });
    expect(drill.ringing()).toEqual(['SweptUp']);

    drill.loseRecords(false);
    await markShop('late');
    await drill.client.deleteTask('late', 't1');
    await expectAllGone();
    expect(await drill.ringingLater()).toEqual([]);
  });

  it('hides a mark without a time and a service without attachments: a full sweep finds the one, an audit the other', async () => {
    drill.loseRecords(true);
    await drill.put('services', service('silent', [], MARKED));
    await drill.put('networks', network('front'));
    await drill.put('services', service('bare', ['front']));
    await drill.deliver();
    drill.loseRecords(false);
    expect(await drill.sweep()).toMatchObject({ complete: true, deletedCount: 0 });
    expect(await drill.sweep({ full: true })).toMatchObject({ complete: true, deleted: ['service#silent'] });
    expect((await drill.findings()).map(({ problem }) => problem)).toEqual(['missing attachment']);
    await drill.sweep({ parents: ['service#bare'] }); // what a repair asks for
    expect(await drill.findings()).toEqual([]);
  });
});

it('a stream that was recreated with keys alone: its records fail by name, and delete nothing', async () => {
  await drill.put('tasks', task('web', 't1'));
  await drill.put('services', service('web', [], MARKED));
  await drill.deliver();
  const record = {
    eventID: '1',
    eventName: 'MODIFY',
    dynamodb: { Keys: { id: { S: 'web' } }, SequenceNumber: '100', StreamViewType: 'KEYS_ONLY' },
  };
  const { payload } = await drill.cloud.invoke(principalOf('service-updated'), { Records: [record] });
  expect(payload).toEqual({ batchItemFailures: [{ itemIdentifier: '100' }] });
  expect(drill.sum('Failures')).toBe(1);
  expect((await drill.world()).services).toHaveLength(1);
});

it('an item that nobody can read becomes a dead letter, fails each sweep, and is all that is held up', async () => {
  await drill.put('counters', { id: 'service#web', remaining: 'two', epoch: 'e' });
  await drill.client.createService({ id: 'web' });
  await markShop('shop');
  await drill.client.removeService('web');
  await drill.client.deleteTask('shop', 't1');
  await drill.deliver();
  expect((await drill.world()).services.map(({ id }) => id)).toEqual(['web']);
  for (let n = 1; n <= 3; n++) expect((await drill.sweep()).failedCount).toBe(1);
  expect(drill.ringing()).toEqual(['DeadLetters', 'SweepFailures']);

  await drill.delete('counters', { id: 'service#web' });
  expect(await drill.redrive()).toMatchObject({ kept: 0, deletedParents: ['service#web'] });
  await expectAllGone();
  expect(await drill.ringingLater()).toEqual([]);
});

it('a table that throttles holds records up until they ring, and everything is done when it lets go', async () => {
  const { cloud } = drill;
  await drill.put('attachments', { held: 'network#n', holder: 'service#first' });
  await drill.put('attachments', { held: 'network#n', holder: 'service#second' });
  for (const name of ['first', 'second']) await markShop(name);
  await drill.deliver();

  const { promise: letGo, resolve: release } = Promise.withResolvers<void>();
  const held = new Set<string>();
  cloud.setIntercept(async ({ principal }) => {
    if (!isFunctions(principal) || held.has(principal)) return undefined;
    held.add(principal);
    await letGo;
    return throttled();
  });
  const write = async (name: string) => {
    await drill.client.deleteTask(name, 't1');
    await drill.delete('attachments', { held: 'network#n', holder: `service#${name}` });
    await drill.client.createNetwork({ id: `${name}-back` });
    await drill.client.removeNetwork(`${name}-back`);
    await drill.client.createService({ id: `${name}-api` });
    await drill.client.removeService(`${name}-api`);
  };
  await write('first');
  await expect.poll(() => [...held].sort(), { timeout: 60_000 }).toEqual(STREAM_FUNCTIONS.map(principalOf).sort());
  const before = STREAM_FUNCTIONS.map((name) => drill.arrived(name));
  await write('second');
  await expect
    .poll(() => STREAM_FUNCTIONS.every((name, n) => drill.arrived(name) > (before[n] ?? 0)), { timeout: 60_000 })
    .toBe(true);
  drill.pass(31 * MINUTE_MILLIS);
  release();
  await expectAllGone();
  expect(drill.ringing()).toEqual([
    'IteratorAgeAttachmentDeleted',
    'IteratorAgeNetworkUpdated',
    'IteratorAgeServiceUpdated',
    'IteratorAgeTaskDeleted',
  ]);
  expect(drill.sum('Throttles')).toBeGreaterThanOrEqual(STREAM_FUNCTIONS.length);
  cloud.setIntercept(undefined);
  expect(checkRest(await drill.world())).toEqual([]);
  expect(await drill.ringingLater()).toEqual([]);
});

it('a mark that is none rings, deletes nothing, and is as good as any once it is mended', async () => {
  await drill.put('services', service('web', [], { pendingDelete: 'true' }));
  await drill.put('networks', network('front', { pendingDelete: 'true' }));
  await drill.deliver();
  expect(drill.ringing()).toEqual(['MalformedMarksNetworkUpdated', 'MalformedMarksServiceUpdated']);
  expect((await drill.world()).services).toHaveLength(1);
  await drill.put('services', service('web', [], MARKED));
  await drill.put('networks', network('front', MARKED));
  await expectAllGone();
  expect(await drill.ringingLater()).toEqual([]);
});
