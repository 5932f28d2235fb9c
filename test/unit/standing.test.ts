/** What a marked object waits for: the same in status, explain and wait. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import type { FoundParent } from '../../lib/operate/reports/found-parents.ts';
import { standingOf } from '../../lib/operate/reports/standing.ts';
import { readStatus } from '../../lib/operate/reports/status.ts';
import { waitUntilGone } from '../../lib/operate/reports/wait.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

const WEB: ItemKey = { kind: 'service', id: 'web' };
const FRONT: ItemKey = { kind: 'network', id: 'front' };
const MINUTE_MILLIS = 60_000;

/** Service web with two tasks, on network front. */
async function shop(rules = DEFAULT_RULES) {
  const world = memoryCluster(rules);
  await world.client.createNetwork({ id: 'front' });
  await world.client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
  await world.client.createTasks('web', [{ id: '1' }, { id: '2' }]);
  return world;
}

/** As each report tells it; they must agree. */
async function standing({ cluster }: Awaited<ReturnType<typeof shop>>, key: ItemKey) {
  const entry = (await readStatus(cluster)).marked.find(({ kind, id }) => kind === key.kind && id === key.id);
  const { standing: told } = await explain(cluster, key);
  const { value } = await waitUntilGone(cluster, [key], { timeoutMillis: 0 }).next();
  expect(entry).toMatchObject(told ?? {});
  expect(value).toMatchObject({ waitingFor: [told] });
  return told;
}

describe('a marked network', () => {
  it('is blocked by a user that nobody marked', async () => {
    const world = await shop();
    await world.client.removeNetwork('front', { whenInUse: 'wait' });
    await world.backend.deliver();
    expect(await standing(world, FRONT)).toEqual({
      state: 'blocked',
      blockedBy: [{ object: 'service#web', because: 'not marked' }],
      usersNotLookedAt: 0,
    });
  });

  it('is blocked by a marked user that is protected, or whose counter was overwritten', async () => {
    const world = await shop();
    await world.client.createService({ id: 'api', spec: { networks: [{ target: 'front' }] } });
    await world.client.createTask('api', { id: '1' });
    for (const id of ['web', 'api']) await world.client.removeService(id);
    await world.client.removeNetwork('front');
    await world.client.protectService('web');
    await world.backend.deliver();
    world.tables.put('counters', { id: 'service#api', remaining: 'abc', epoch: 'e' });
    expect(await standing(world, FRONT)).toMatchObject({
      state: 'blocked',
      blockedBy: [
        { object: 'service#api', because: 'unreadable counter' },
        { object: 'service#web', because: 'protected' },
      ],
    });
    expect(await standing(world, WEB)).toEqual({ state: 'held' });
  });

  it('drains while all of its users do, and is not blocked by an attachment that is left over', async () => {
    const world = await shop();
    await world.client.removeService('web');
    await world.client.removeNetwork('front');
    await world.backend.deliver();
    world.tables.put('attachments', { held: 'network#front', holder: 'service#gone' });
    expect(await standing(world, FRONT)).toEqual({ state: 'draining' });
  });

  it('tells how many users were not looked at', async () => {
    const { cluster, client } = await shop();
    await client.removeNetwork('front', { whenInUse: 'wait' });
    const [front, web] = [await cluster.readParent(FRONT), await cluster.readParent(WEB)];
    const users = [{ user: WEB, parent: web, counter: undefined }];
    const seen = {
      plan: cluster.plan,
      parent: front as FoundParent,
      children: { count: 600, isExact: true },
      counter: undefined,
      users,
    };
    expect(standingOf(seen, cluster.circumstances)).toMatchObject({ state: 'blocked', usersNotLookedAt: 599 });
  });
});

describe('what makes no progress', () => {
  it('is stalled after a quarter of an hour, or the time that is asked for; and drains again once a task goes', async () => {
    const world = await shop();
    await world.client.removeService('web');
    await world.client.removeNetwork('front');
    await world.backend.deliver();
    world.chance.advance(15 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'draining' });
    const impatient = await readStatus(world.cluster, { stalledAfterMillis: 10 * MINUTE_MILLIS });
    expect(impatient.marked[0]).toMatchObject({ state: 'stalled', noProgressSeconds: 900 });
    world.chance.advance(5 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'stalled', noProgressSeconds: 1200 });
    expect(await standing(world, FRONT)).toEqual({ state: 'stalled', noProgressSeconds: 1200 });
    expect((await explain(world.cluster, WEB)).advice[0]).toMatch(/^service web has made no progress for 20 min: /);

    await world.client.deleteTask('web', '1');
    await world.backend.deliver();
    expect(await standing(world, WEB)).toEqual({ state: 'draining' });
    // A network goes on as its users do.
    expect(await standing(world, FRONT)).toEqual({ state: 'draining' });
  });

  it('is stalled also where nothing is in its way', async () => {
    const world = memoryCluster();
    await world.client.createService({ id: 'web' });
    await world.client.removeService('web');
    expect(await standing(world, WEB)).toEqual({ state: 'ready' });
    world.chance.advance(16 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'stalled', noProgressSeconds: 960 });
  });

  it('counts from the end of its grace period', async () => {
    const world = await shop({ ...DEFAULT_RULES, gracePeriodMillis: 60 * MINUTE_MILLIS });
    await world.client.removeService('web');
    await world.backend.deliver();
    world.chance.advance(50 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'draining' });
    world.chance.advance(20 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'draining' });
    world.chance.advance(10 * MINUTE_MILLIS);
    expect(await standing(world, WEB)).toEqual({ state: 'stalled', noProgressSeconds: 1200 });
  });
});

it('status shows the worst first, counts each state, and can leave out what needs nobody', async () => {
  const world = await shop();
  for (const id of ['odd', 'kept', 'old']) {
    await world.client.createService({ id });
    await world.client.createTask(id, { id: '1' });
  }
  await world.client.removeService('old');
  await world.backend.deliver();
  world.chance.advance(16 * MINUTE_MILLIS);
  for (const id of ['kept', 'odd']) await world.client.removeService(id);
  await world.client.protectService('kept');
  await world.client.removeNetwork('front', { whenInUse: 'wait' });
  await world.client.createService({ id: 'new' });
  await world.client.createTask('new', { id: '1' });
  await world.client.removeService('new');
  await world.backend.deliver();
  world.tables.put('counters', { id: 'service#odd', remaining: 1.5, epoch: 'e' });
  const { counts, marked } = await readStatus(world.cluster);
  expect(marked.map(({ object, state }) => `${object} ${state}`)).toEqual([
    'service#odd unreadable',
    'network#front blocked',
    'service#old stalled',
    'service#kept held',
    'service#new draining',
  ]);
  expect(counts).toEqual({ unreadable: 1, blocked: 1, stalled: 1, held: 1, draining: 1, ready: 0 });
  const blocked = await readStatus(world.cluster, { blocked: true });
  expect(blocked.marked.map(({ id }) => id)).toEqual(['odd', 'front', 'old', 'kept']);
  expect(blocked).toMatchObject({ more: 0, notLookedAt: 0, counts: { draining: 1 } });
});

it('tasks are named in the order of their numbers, and lists end alike', async () => {
  const world = memoryCluster();
  await world.client.createService({ id: 'web' });
  await world.client.createTasks(
    'web',
    Array.from({ length: 12 }, (_, n) => ({ id: `web.${n + 1}` })),
  );
  await world.client.removeService('web');
  const { children, advice } = await explain(world.cluster, WEB);
  expect(children?.[0]?.named.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, n) => `web.${n + 1}`));
  expect(advice[0]).toMatch(/^Stop and delete the tasks web\.1, web\.2, web\.3, web\.4, web\.5, … and 7 more of /);
});
