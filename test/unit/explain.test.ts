/** Why something is still there, and what somebody is told to do about it. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { compareCounter } from '../../lib/operate/reports/facts.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const WEB: ItemKey = { kind: 'service', id: 'web' };
const FRONT: ItemKey = { kind: 'network', id: 'front' };
const SHARED: ItemKey = { kind: 'network', id: 'shared' };

async function shop(rules = DEFAULT_RULES) {
  const world = memoryCluster(rules);
  const { client } = world;
  await client.createNetwork({ id: 'front' });
  await client.createNetwork({ id: 'shared' });
  await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }, { target: 'shared' }] } });
  await client.createService({ id: 'api', spec: { networks: [{ target: 'shared' }] } });
  await client.createTasks('web', [
    { id: 'web.1', createdAt: '2025-12-24T00:00:00Z', updatedAt: '2025-12-31T00:00:00Z' },
    { id: 'web.2', status: { state: 'running', timestamp: '2025-12-25T00:00:00Z' }, desiredState: 'running' },
    { id: 'web.3' },
  ]);
  const remove = async () => {
    await client.removeService('web', { by: 'ann', reason: 'old' });
    await client.removeNetwork('front');
    await client.removeNetwork('shared', { whenInUse: 'wait' });
    await world.backend.deliver();
  };
  return { ...world, remove };
}

describe('a marked service', () => {
  it('is explained by its tasks and since when they are there, its networks, and what will follow', async () => {
    const { cluster, remove } = await shop();
    await remove();
    const told = await explain(cluster, WEB);
    expect(told).toMatchObject({ object: 'service#web', state: 'marked', isProtected: false, isWhole: true });
    expect(told.mark).toMatchObject({ by: 'ann', reason: 'old', since: '2026-01-01T00:00:00.000Z' });
    expect(told.children).toEqual([
      {
        kind: 'task',
        count: 3,
        isExact: true,
        named: [
          { id: 'web.1', since: '2025-12-24T00:00:00Z', sinceAttribute: 'createdAt' },
          {
            id: 'web.2',
            since: '2025-12-25T00:00:00Z',
            sinceAttribute: 'status.timestamp',
            state: 'running',
            desiredState: 'running',
          },
          { id: 'web.3' },
        ],
      },
    ]);
    expect(told.uses).toEqual([
      { object: 'network#front', state: 'marked', alsoUsedBy: [] },
      { object: 'network#shared', state: 'marked', alsoUsedBy: ['service#api'] },
    ]);
    expect(told.counter).toMatchObject({ remaining: 3, agreement: 'equal' });
    expect(told.forecast.steps.map(({ deletions }) => deletions.map(({ deleted }) => deleted))).toEqual([
      [['service#web', 'network#front']],
    ]);
    expect(told.advice).toEqual([
      'Stop and delete the tasks web.1, web.2, web.3 of service web: then service web goes, and with it network front.',
      'network shared stays: service api uses it. To let it go, remove service api too ("deallocator rm"), or update it not to use network shared.',
      'To keep service web, undelete it ("deallocator undelete"): that works until its deletion is done.',
    ]);
  });

  it.each([
    ['too high', 9],
    ['too low', 1],
  ] as const)('tells of a counter that is %s', async (agreement, remaining) => {
    const { cluster, remove, tables } = await shop();
    await remove();
    tables.put('counters', { ...tables.get('counters', { id: 'service#web' }), id: 'service#web', remaining });
    const told = await explain(cluster, WEB);
    expect(told.counter).toMatchObject({ remaining, agreement });
    expect(told.advice.some((sentence) => sentence.includes('run a sweep'))).toBe(agreement === 'too high');
  });

  it('tells of a counter that is missing', async () => {
    const { cluster, client } = await shop();
    await client.removeService('web');
    expect((await explain(cluster, WEB)).counter).toEqual({ agreement: 'missing' });
  });

  it('tells what holds it, and until when', async () => {
    const { cluster, client } = await shop({ ...DEFAULT_RULES, gracePeriodMillis: 3_600_000 });
    await client.deleteTasks('web', ['web.1', 'web.2', 'web.3']);
    await client.removeService('web');
    const held = await explain(cluster, WEB);
    expect(held.hold).toEqual({ because: 'grace period', until: '2026-01-01T01:00:00.000Z' });
    expect(held.advice[0]).toBe('With the first sweep after 2026-01-01T01:00:00.000Z service web goes.');
    await client.protectService('web');
    const kept = await explain(cluster, WEB);
    expect(kept.hold).toEqual({ because: 'protected' });
    expect(kept.advice[0]).toBe(
      'service web stays: it is protected. To let it go, take its protection away ("deallocator unprotect").',
    );
  });
});

describe('a marked network', () => {
  it('is explained by who uses it', async () => {
    const { cluster, remove } = await shop();
    await remove();
    const told = await explain(cluster, SHARED);
    expect(told.usedBy).toEqual([
      { object: 'service#api', state: 'not marked', children: [{ kind: 'task', count: 0, isExact: true }] },
      { object: 'service#web', state: 'marked', children: [{ kind: 'task', count: 2, isExact: false }] },
    ]);
    expect(told.forecast.stays).toEqual([
      { object: 'network#shared', reasons: [{ because: 'used', by: ['service#api'] }] },
    ]);
    expect(told.children).toBeUndefined();
  });

  it('is told to need a sweep for an attachment that is left over', async () => {
    const { cluster, tables, writers } = memoryCluster();
    writers.createNetwork('front');
    tables.put('attachments', { held: 'network#front', holder: 'service#ghost' });
    writers.mark('networks', 'front');
    const told = await explain(cluster, FRONT);
    expect(told.usedBy).toEqual([{ object: 'service#ghost', state: 'absent' }]);
    expect(told.advice[0]).toBe('With the next sweep network front goes; "deallocator sweep" runs one now.');
  });
});

it('whoever holds a network under a name that nobody can have is told as something that was not read', async () => {
  const { tables, cli } = memoryCommandLine();
  tables.put('networks', { id: 'front', pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' });
  tables.put('attachments', { held: 'network#front', holder: 'web' });
  const { stdout } = await cli(['explain', 'network/front']);
  expect(stdout).toContain('used by more than was read\n');
  expect(stdout).toContain('network front stays: more use it than were read.');
  expect(stdout).not.toContain('nothing');
});

describe('what is not marked', () => {
  it('is left alone, and used by whom it is', async () => {
    const { cluster, client } = await shop();
    await client.removeService('web');
    await client.undeleteService('web', { by: 'bob', reason: 'mistake' });
    const service = await explain(cluster, WEB);
    expect(service).toMatchObject({ state: 'not marked', undeleted: { by: 'bob', reason: 'mistake' } });
    expect(service.mark).toBeUndefined();
    expect(service.advice).toEqual([
      'service web is not marked: nobody asked for its removal, and the deallocator leaves it alone.',
      'If you remove it, it goes after the tasks web.1, web.2, web.3 of service web.',
    ]);
    const network = await explain(cluster, FRONT);
    expect(network.advice[1]).toMatch(/^It is used by service web, which nobody asked to remove/);
  });

  it('is told to go as a removal would plan it: by marked users, left-over attachments and grace periods too', async () => {
    const { cluster, client, tables } = await shop();
    await client.createNetwork({ id: 'back' });
    await client.createService({ id: 'db', spec: { networks: [{ target: 'back' }] } });
    await client.createTask('db', { id: 'db.1' });
    await client.removeService('db');
    const BACK: ItemKey = { kind: 'network', id: 'back' };
    expect((await explain(cluster, BACK)).advice[1]).toBe(
      'If you remove it, it goes after the task db.1 of service db.',
    );
    await client.createNetwork({ id: 'left' });
    tables.put('attachments', { held: 'network#left', holder: 'service#ghost' });
    expect((await explain(cluster, { kind: 'network', id: 'left' })).advice[1]).toBe(
      'If you remove it, it goes with the next sweep.',
    );
    await client.createNetwork({ id: 'free' });
    expect((await explain(cluster, { kind: 'network', id: 'free' })).advice[1]).toBe(
      'If you remove it, it goes at once.',
    );

    const patient = await shop({ ...DEFAULT_RULES, gracePeriodMillis: 60_000 });
    const api = await explain(patient.cluster, { kind: 'service', id: 'api' });
    expect(api.advice[1]).toBe('If you remove it, it goes with the first sweep after 2026-01-01T00:01:00.000Z.');
    expect((await explain(patient.cluster, WEB)).advice[1]).toBe(
      'If you remove it, it goes with the first sweep after 2026-01-01T00:01:00.000Z, if the tasks web.1, web.2, web.3 of service web are gone by then.',
    );
    await patient.client.protectService('api');
    expect((await explain(patient.cluster, { kind: 'service', id: 'api' })).advice.slice(1)).toEqual([
      'It is protected: take that away ("deallocator unprotect") before you remove it.',
    ]);
  });

  it('and has a counter, is told to need a sweep', async () => {
    const { cluster, tables } = await shop();
    tables.put('counters', { id: 'service#web', remaining: 0, epoch: 'e' });
    expect((await explain(cluster, WEB)).counter).toEqual({ remaining: 0, agreement: 'left over' });
  });
});

describe('what is not there', () => {
  it('is told of by its last receipt, also where it went along with a service', async () => {
    const { backend, cluster, client, remove } = await shop();
    await remove();
    await client.deleteTasks('web', ['web.1', 'web.2', 'web.3']);
    await backend.deliver();
    const service = await explain(cluster, WEB);
    expect(service.state).toBe('absent');
    expect(service.absence).toBe('gone');
    expect(service.formerLives).toHaveLength(1);
    expect(service.advice[0]).toMatch(/^service web is gone: it was deleted at .*marked by ann \("old"\)\.$/);
    const network = await explain(cluster, FRONT);
    expect(network.advice[0]).toMatch(/ together with service web, after it had been marked\.$/);
  });

  it('and never was, is told so; and what can be no id is refused', async () => {
    const { cluster } = memoryCluster();
    const told = await explain(cluster, WEB);
    expect(told.absence).toBe('not there');
    expect(told.advice[0]).toMatch(
      /^service web is not there, and no receipt tells of a deletion: .* kept for 90 days/,
    );
    await expect(explain(cluster, { kind: 'service', id: '' })).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

/** Each a cluster in which something does not go, and what its explanation tells to do about that. */
describe('whoever reads the advice alone', () => {
  const GRACE = { ...DEFAULT_RULES, gracePeriodMillis: 3_600_000 };

  it('is told to stop the tasks too, where a grace period ends after them', async () => {
    const { cluster, remove } = await shop(GRACE);
    await remove();
    expect((await explain(cluster, WEB)).advice.slice(0, 2)).toEqual([
      'Stop and delete the tasks web.1, web.2, web.3 of service web: only then can what follows happen.',
      'With the first sweep after 2026-01-01T01:00:00.000Z service web goes, and with it network front.',
    ]);
  });

  it('is told of no sweep that deletes nothing', async () => {
    const { backend, cluster, client } = await shop(GRACE);
    await client.removeNetwork('shared', { whenInUse: 'wait' });
    await backend.deliver();
    expect((await explain(cluster, SHARED)).advice).toEqual([
      'network shared stays: service api, service web use it. To let it go, remove service api, service web too ("deallocator rm"), or update them not to use network shared.',
      'To keep network shared, undelete it ("deallocator undelete"): that works until its deletion is done.',
    ]);
  });

  it('is told to unprotect a service that holds the network before its removal', async () => {
    const { cluster, client, remove } = await shop();
    await client.protectService('api');
    await remove();
    expect((await explain(cluster, SHARED)).advice[1]).toBe(
      'network shared stays: service api uses it. To let it go, remove service api too ("deallocator rm") (service api only after "deallocator unprotect"), or update it not to use network shared.',
    );
  });

  it('is told to unprotect what was marked before, and to stop its tasks', async () => {
    const { cluster, client, remove } = await shop();
    await remove();
    await client.protectService('web');
    const { advice } = await explain(cluster, FRONT);
    expect(advice.slice(0, 2)).toEqual([
      'service web stays: it is protected, and it has at least 2 tasks. To let it go, take its protection away ("deallocator unprotect"); and stop and delete its tasks web.1, web.2, … and more.',
      'network front stays: service web uses it.',
    ]);
  });

  it('is told which task holds a network by itself', async () => {
    const { cluster, client } = memoryCluster(DEFAULT_RULES, { choices: { taskNetworks: true } });
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'api' });
    await client.createTask('api', { id: '1', networks: [{ target: 'front' }] });
    await client.removeNetwork('front', { whenInUse: 'wait' });
    expect((await explain(cluster, FRONT)).advice[0]).toBe(
      'network front stays: task 1 of service api uses it. To let it go, stop and delete task 1 of service api.',
    );
  });

  it('is told to sweep where the last record was lost', async () => {
    const { backend, cluster, client, remove, tables } = await shop();
    await remove();
    tables.delete('counters', { id: 'service#web' });
    await client.deleteTasks('web', ['web.1', 'web.2', 'web.3']);
    await backend.deliver();
    expect((await explain(cluster, WEB)).advice[0]).toBe(
      'Nothing is in the way: service web goes, and with it network front. If it is still there in a minute, run a sweep ("deallocator sweep").',
    );
  });

  it.each([['yes'], [1], [{}]])('is told that a pendingDelete of %j is no mark', async (pendingDelete) => {
    const { cluster, tables } = memoryCluster();
    tables.put('services', { id: 'web', pendingDelete });
    const told = await explain(cluster, WEB);
    expect(told).toMatchObject({ state: 'not marked', hasMalformedMark: true });
    expect(told.advice[1]).toMatch(/pendingDelete is neither true nor false, which is no mark; "deallocator rm" makes/);
  });

  it.each([[undefined], [null], [false], [true]])(
    'a pendingDelete of %j is none that was meant otherwise',
    async (pendingDelete) => {
      const { cluster, tables } = memoryCluster();
      tables.put('services', { id: 'web', pendingDelete });
      expect((await explain(cluster, WEB)).hasMalformedMark).toBe(false);
    },
  );
});

it.each([
  [3, { count: 3, isExact: true }, true, 'equal'],
  [-1, { count: 3, isExact: true }, true, 'too low'],
  [4, { count: 3, isExact: true }, true, 'too high'],
  [4, { count: 3, isExact: false }, true, 'unknown'],
  [1, { count: 3, isExact: false }, true, 'too low'],
  [undefined, { count: 3, isExact: true }, true, 'missing'],
  [undefined, { count: 0, isExact: true }, true, undefined],
  [0, { count: 3, isExact: true }, false, 'left over'],
  [undefined, { count: 3, isExact: true }, false, undefined],
] as const)('a counter of %s beside %o (marked: %s) is %s', (remaining, children, isMarked, agreement) => {
  const counter = remaining === undefined ? undefined : { remaining, openedAt: undefined, progressedAt: undefined };
  expect(compareCounter(counter, children, isMarked)).toBe(agreement);
});
