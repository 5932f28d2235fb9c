/** What is told of what is marked, and waiting for it. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { audit } from '../../lib/operate/audit/audit.ts';
import { applyRemoval } from '../../lib/operate/reports/apply.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { drawGraph } from '../../lib/operate/reports/graph.ts';
import { planRemoval } from '../../lib/operate/reports/plan.ts';
import { readStatus } from '../../lib/operate/reports/status.ts';
import { type WaitOptions, type WaitProgress, waitUntilGone } from '../../lib/operate/reports/wait.ts';
import { importSnapshot } from '../../lib/operate/snapshots/import.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { MARKED } from '../support/objects.ts';

const TEN_MINUTES_MILLIS = 600_000;

describe('status', () => {
  it('goes on beside a counter that other hands have overwritten, and says which it is', async () => {
    const { backend, client, cluster, tables } = memoryCluster();
    for (const id of ['odd', 'web']) {
      await client.createService({ id });
      await client.createTask(id, { id: '1' });
      await client.removeService(id);
    }
    await backend.deliver();
    tables.put('counters', { id: 'service#odd', remaining: 'abc', epoch: 'e' });
    const { marked } = await readStatus(cluster);
    expect(marked.map(({ object, counter }) => [object, counter?.remaining])).toEqual([
      ['service#odd', undefined],
      ['service#web', 1],
    ]);
    expect(marked[0]).toHaveProperty('counter');
    const told = await explain(cluster, { kind: 'service', id: 'odd' });
    expect(told.counter).toEqual({ agreement: 'unreadable' });
    expect(told.standing).toEqual({ state: 'unreadable' });
    expect(told.forecast.steps).toEqual([]);
    expect(told.advice.join()).toContain('"deallocator audit --repair" resets the counter');
  });

  it('tells of each mark, the worst first, then the oldest: whose, why, what is left, and what holds it', async () => {
    const { backend, chance, client, cluster } = memoryCluster({
      ...DEFAULT_RULES,
      gracePeriodMillis: TEN_MINUTES_MILLIS,
    });
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { task: { networks: [{ target: 'front' }] } } });
    await client.createService({ id: 'api' });
    await client.createTasks('web', [{ id: '1' }, { id: '2' }, { id: '3' }]);
    await client.removeService('web', { by: 'ann', reason: 'old' });
    chance.advance(60_000);
    await client.removeNetwork('front');
    await client.removeService('api');
    await client.protectService('api');
    await backend.deliver();
    chance.advance(60_000);

    const { marked, more, isWhole, readAt } = await readStatus(cluster);
    expect({ more, isWhole, readAt }).toEqual({ more: 0, isWhole: true, readAt: '2026-01-01T00:02:00.000Z' });
    expect(marked.map(({ object, state }) => [object, state])).toEqual([
      ['service#api', 'held'],
      ['service#web', 'draining'],
      ['network#front', 'draining'],
    ]);
    const [api, web, front] = marked;
    expect(web?.mark).toEqual({
      markedAt: expect.stringMatching(/^2026-01-01T00:00:00\.000Z#/),
      since: '2026-01-01T00:00:00.000Z',
      ageSeconds: 120,
      by: 'ann',
      reason: 'old',
    });
    expect(web?.children).toEqual({ count: 3, isExact: true });
    expect(web?.counter).toEqual({ remaining: 3, openedAt: expect.stringMatching(/^2026-01-01T00:01/) });
    expect(web?.hold).toEqual({ because: 'grace period', until: '2026-01-01T00:10:00.000Z' });
    expect(api?.hold).toEqual({ because: 'protected' });
    expect(front?.children).toEqual({ count: 1, isExact: true });

    await client.deleteTask('web', '2');
    await backend.deliver();
    chance.advance(30_000);
    const later = await readStatus(cluster, { limit: 1 });
    expect(later.more).toBe(2);
    const drained = await readStatus(cluster);
    expect(drained.marked[1]?.counter).toMatchObject({
      remaining: 2,
      progressedAt: '2026-01-01T00:02:00.000Z',
      progressAgeSeconds: 30,
    });
  });

  it('shows the oldest of many, and says how many more there are', async () => {
    const { backend, chance, client, cluster } = memoryCluster();
    for (const id of ['c', 'a', 'b']) {
      await client.createService({ id });
      await client.createTask(id, { id: '1' });
      await client.removeService(id);
      chance.advance(1000);
    }
    await backend.deliver();
    const { marked, more } = await readStatus(cluster, { limit: 2 });
    expect(marked.map(({ id }) => id)).toEqual(['c', 'a']);
    expect(more).toBe(1);
    await expect(readStatus(cluster, { limit: 0 })).rejects.toThrow('limit is 0');
  });

  it('finds a mark without its time only in a full look, and shows it last', async () => {
    const { cluster, tables, writers } = memoryCluster();
    tables.put('services', { id: 'raw', ...MARKED });
    writers.createNetwork('front');
    writers.mark('networks', 'front');
    expect((await readStatus(cluster)).marked.map(({ id }) => id)).toEqual(['front']);
    const { marked } = await readStatus(cluster, { full: true });
    expect(marked.map(({ id, mark, state }) => [id, mark.since, state])).toEqual([
      ['front', '2026-01-01T00:00:00.000Z', 'ready'],
      ['raw', undefined, 'ready'],
    ]);
  });

  it('counts only tasks that hold their service', async () => {
    const { cluster, tables, writers } = memoryCluster(DEFAULT_RULES, { choices: { taskIsGone: 'terminal' } });
    writers.createService('web', []);
    for (const state of ['running', 'failed', 'complete']) {
      tables.put('tasks', { serviceId: 'web', id: state, status: { state } });
    }
    writers.mark('services', 'web');
    expect((await readStatus(cluster)).marked[0]?.children).toEqual({ count: 1, isExact: true });
  });
});

type World = ReturnType<typeof memoryCluster>;

/** All that it yields, and what it returns; `between` happens after the look of that number (from 0). */
async function waitFor(
  { cluster }: World,
  awaited: Parameters<typeof waitUntilGone>[1],
  between: readonly (() => Promise<unknown> | unknown)[],
  options: WaitOptions = { timeoutMillis: 60_000 },
) {
  const waiting = waitUntilGone(cluster, awaited, options);
  const seen: WaitProgress[] = [];
  for (;;) {
    const { done, value } = await waiting.next();
    if (done) return { seen, result: value };
    await between[seen.length]?.();
    seen.push(value);
  }
}

describe('waiting', () => {
  const draining = async () => {
    const world = memoryCluster();
    const { backend, client } = world;
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
    await client.createTasks('web', [{ id: '1' }, { id: '2' }]);
    const { markedAt = '' } = await client.removeService('web');
    const network = await client.removeNetwork('front');
    await backend.deliver();
    const drain = async () => {
      await client.deleteTasks('web', ['1', '2']);
      await backend.deliver();
    };
    return { ...world, drain, web: { kind: 'service', id: 'web', markedAt } as const, networkMark: network.markedAt };
  };

  it('tells what is left after each look, and ends when everything is gone', async () => {
    const world = await draining();
    const { seen, result } = await waitFor(
      world,
      [
        { kind: 'service', id: 'web' },
        { kind: 'network', id: 'front' },
      ],
      [() => world.client.deleteTask('web', '1'), world.drain],
    );
    expect(seen.map(({ waitingFor }) => waitingFor.map(({ object, children }) => [object, children.count]))).toEqual([
      [
        ['service#web', 2],
        ['network#front', 1],
      ],
      [
        ['service#web', 1],
        ['network#front', 1],
      ],
      [],
    ]);
    expect(result.isDone).toBe(true);
    expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['gone', 'gone']);
  });

  it('takes another life of the id for what it is, and not for the awaited one', async () => {
    const world = await draining();
    const again = async () => {
      await world.drain();
      await world.client.createNetwork({ id: 'front' });
      await world.client.createService({ id: 'web' });
      await world.client.removeService('web');
    };
    const { networkMark: markedAt = '' } = world;
    const { result } = await waitFor(world, [world.web, { kind: 'network', id: 'front', markedAt }], [again]);
    expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['gone', 'gone']);
  });

  it('ends when the mark is taken back, also if another has followed', async () => {
    const world = await draining();
    const undelete = () => world.client.undeleteService('web');
    const { result } = await waitFor(world, [world.web], [undelete]);
    expect(result).toEqual({ outcomes: [{ object: 'service#web', outcome: 'undeleted' }], isDone: false });
    await world.client.removeService('web');
    expect((await waitFor(world, [world.web], [])).result.outcomes[0]?.outcome).toBe('undeleted');
  });

  it('tells what is gone, by its receipt, from what is not there', async () => {
    const world = await draining();
    await world.drain();
    const { result } = await waitFor(
      world,
      [
        { kind: 'service', id: 'web' },
        { kind: 'network', id: 'front' },
        { kind: 'service', id: 'wbe' },
        { kind: 'network', id: 'fornt' },
      ],
      [],
    );
    expect(result.outcomes).toEqual([
      { object: 'service#web', outcome: 'gone' },
      { object: 'network#front', outcome: 'gone' },
      { object: 'service#wbe', outcome: 'not there' },
      { object: 'network#fornt', outcome: 'not there' },
    ]);
    expect(result.isDone).toBe(false);
  });

  it('calls gone what it has seen, or what its caller has marked, whatever became of the receipt', async () => {
    const world = await draining();
    const forget = async () => {
      await world.drain();
      for (const { id, markedAt } of world.tables.list('receipts') as { id: string; markedAt: string }[]) {
        world.tables.delete('receipts', { id, markedAt });
      }
    };
    const { result } = await waitFor(world, [{ kind: 'service', id: 'web' }], [forget]);
    expect(result.outcomes).toEqual([{ object: 'service#web', outcome: 'gone' }]);
    expect((await waitFor(world, [world.web], [])).result.isDone).toBe(true);
    expect((await waitFor(world, [{ kind: 'service', id: 'web' }], [])).result.outcomes[0]?.outcome).toBe('not there');
  });

  it('does not wait for what nobody marked', async () => {
    const world = memoryCluster();
    await world.client.createService({ id: 'web' });
    const { result } = await waitFor(world, [{ kind: 'service', id: 'web' }], []);
    expect(result.outcomes).toEqual([{ object: 'service#web', outcome: 'not marked' }]);
  });

  it('gives up when its time is over, after ever longer pauses of five seconds at most', async () => {
    const world = await draining();
    const { seen, result } = await waitFor(world, [world.web], []);
    expect(result.outcomes).toMatchObject([
      { object: 'service#web', outcome: 'still there', waitsFor: { state: 'draining' } },
    ]);
    const times = seen.map(({ elapsedMillis }) => elapsedMillis);
    expect(times.slice(0, 4)).toEqual([0, 500, 1250, 2375]);
    expect(times.at(-1)).toBe(60_000);
    expect(Math.max(...times.map((time, n) => time - (times[n - 1] ?? 0)))).toBe(5000);
  });

  it('stops at once when it is told to', async () => {
    const world = await draining();
    const controller = new AbortController();
    const never = { ...world.chance, pause: () => new Promise<void>(() => {}) };
    const cluster = Object.assign(Object.create(world.cluster), { chance: never });
    const abortSoon = () => void setImmediate(() => controller.abort(new Error('enough')));
    await expect(
      waitFor({ ...world, cluster }, [world.web], [abortSoon], { signal: controller.signal }),
    ).rejects.toThrow('enough');
  });
});

it.each([{ kind: 'service', id: '' }, { kind: 'task', id: '1' }, { id: 'web' }])(
  'what is no object can neither be waited for nor explained, planned for or drawn: %j',
  async (object) => {
    const { cluster } = memoryCluster();
    const key = object as ItemKey;
    const refused = { code: 'InvalidArgument' };
    await expect(waitUntilGone(cluster, [key]).next()).rejects.toMatchObject(refused);
    await expect(explain(cluster, key)).rejects.toMatchObject(refused);
    await expect(planRemoval(cluster, { objects: [key] })).rejects.toMatchObject(refused);
    await expect(drawGraph(cluster, [key], 'dot')).rejects.toMatchObject(refused);
  },
);

it('what is no plan, graph, snapshot or pause is refused', async () => {
  const { cluster, client, db } = memoryCluster();
  const refused = { code: 'InvalidArgument' };
  await expect(applyRemoval(client, { marks: [{ object: 'junk', waitsFor: [] }] })).rejects.toMatchObject(refused);
  await expect(drawGraph(cluster, [], 'svg' as 'dot')).rejects.toMatchObject(refused);
  await expect(importSnapshot(client, { services: [] } as unknown as Snapshot)).rejects.toMatchObject(refused);
  for (const confirmMillis of [Number.NaN, -1]) {
    await expect(audit(db, cluster.database.at.tables, { confirmMillis })).rejects.toMatchObject(refused);
  }
});
