/** The sweep's bounds: time, pages, where it stopped, and parents that fail. */

import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Store, SweepCursor } from '../../lib/protocol/store.ts';
import { settleNamed, sweep } from '../../lib/protocol/sweep.ts';
import { sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { type CarryOut, MEMORY_NAMES, memoryClient, memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import type { LogLine } from '../../lib/testing/memory/ports.ts';
import { testPorts } from '../../lib/testing/memory/ports.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { wrapStore } from '../support/faults.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { network, service, task } from '../support/objects.ts';

const marked = (n: number) => ({ pendingDelete: true, markedAt: `2026-01-01T00:00:00.000Z#${n}` });

/** 40 marked services of which every other one drains, 40 marked networks, and counters of nobody. */
function world() {
  const tables = new MemoryTables();
  for (let n = 0; n < 40; n++) {
    const id = `p${String(n).padStart(2, '0')}`;
    tables.put('services', service(id, [], marked(n)));
    if (n % 2 === 0) tables.put('tasks', task(id, 't1'));
    tables.put('networks', network(id, marked(n)));
    tables.put('counters', { id: `service#gone-${id}`, remaining: 1, epoch: `e${n}` });
  }
  tables.put('services', service('unmarked'));
  tables.put('networks', network('unmarked'));
  return tables;
}

const settleAll = async (store: Store, options: { from?: SweepCursor; groups?: number; full?: boolean } = {}) => {
  let groups = options.groups ?? Number.POSITIVE_INFINITY;
  const seen: string[] = [];
  const pages: SweepCursor[] = [];
  const report = await sweep(store, testChance(), {
    from: options.from,
    remainingMillis: () => (groups-- > 0 ? 60_000 : 19_999),
    onSettled: ({ parent }) => seen.push(itemName(parent)),
    onFailed: () => {},
    onTold: () => {},
    onHealed: () => {},
    onPage: async (next) => {
      pages.push(next);
    },
    ...(options.full && { full: true }),
  });
  return { report, seen, pages };
};

describe('the sweep', () => {
  it('settles each marked parent and the parent of each counter once, and nothing that is not marked', async () => {
    const tables = world();
    const { report, seen } = await settleAll(memoryStore(tables, { pageItemsMax: 7 }));
    expect(report).toMatchObject({ resumeAt: undefined, settled: 120, failed: [], stillMarked: 20 });
    expect(new Set(seen).size).toBe(120);
    expect(seen.filter((name) => name.includes('unmarked'))).toEqual([]);
    expect(report.deleted).toHaveLength(60);
    expect(tables.list('services')).toHaveLength(21);
    expect(tables.list('networks')).toHaveLength(1);
    expect(tables.list('counters')).toHaveLength(20);
  });

  it('stops in time, says where, and goes on from there until nothing is left', async () => {
    const tables = world();
    const store = memoryStore(tables, { pageItemsMax: 7 });
    const stops: (SweepCursor | undefined)[] = [];
    const seen: string[] = [];
    let from: SweepCursor | undefined;
    do {
      const told = await settleAll(store, { ...(from && { from }), groups: 2 });
      from = told.report.resumeAt;
      stops.push(from);
      seen.push(...told.seen);
    } while (from !== undefined && stops.length < 50);
    expect(stops.length).toBeGreaterThan(5);
    expect(new Set(stops.slice(0, -1).map((stop) => stop?.source))).toEqual(new Set(['service', 'network', 'counter']));
    expect(seen.length).toBeGreaterThanOrEqual(120);
    expect(tables.list('networks')).toHaveLength(1);
    expect(tables.list('counters')).toHaveLength(20);
  });

  it('does nothing when no time is left, and loses its place to nobody', async () => {
    const { report } = await settleAll(memoryStore(world()), {
      groups: 0,
      from: { source: 'network', from: { id: 'p05', markedAt: 'm5' } },
    });
    expect(report).toMatchObject({ settled: 0, resumeAt: { source: 'network', from: { id: 'p05', markedAt: 'm5' } } });
  });

  it('stops in the middle of a page, behind the last parent that it settled', async () => {
    const tables = new MemoryTables();
    for (let n = 100; n < 250; n++) tables.put('services', service(`p${n}`, [], marked(n)));
    const { report, seen } = await settleAll(memoryStore(tables), { groups: 1 });
    expect(seen).toHaveLength(100);
    expect(report.resumeAt).toMatchObject({ source: 'service', from: { id: 'p199' } });
  });

  it('tells after each page where a sweep that dies goes on', async () => {
    const { pages } = await settleAll(memoryStore(world(), { pageItemsMax: 15 }));
    expect(pages.map(({ source, from }) => `${source} ${from?.id}`)).toEqual([
      'service p14',
      'service p29',
      'network p14',
      'network p29',
      ...['counter service#gone-p14', 'counter service#gone-p29'],
      'counter service#p08',
    ]);
  });

  it('takes a place that is none of its own for the beginning', async () => {
    const from = { source: 'nonsense', from: { id: 'p05' } } as never;
    expect((await settleAll(memoryStore(world()), { from })).report.settled).toBe(120);
  });

  it('L2 is patient: a count that a lost record left too high is set right beside others who count', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('web', [], marked(1)));
    tables.put('tasks', task('web', 't1'));
    const inner = memoryStore(tables);
    let isDisturbed = false;
    const disturbed = wrapStore(inner, async (request, call) => {
      if (request === 'recount' && !isDisturbed) {
        isDisturbed = true;
        await inner.recount(
          { kind: 'service', id: 'web' },
          String(tables.get('counters', { id: 'service#web' })?.epoch),
          5,
          'x',
        );
      }
      return call();
    });
    await settleAll(disturbed);
    expect(tables.get('counters', { id: 'service#web' })).toMatchObject({ remaining: 1 });
  });

  it('L2 a full one finds marks without a time, which no index knows', async () => {
    const tables = new MemoryTables();
    for (const id of ['a', 'b']) tables.put('services', service(id, [], { pendingDelete: true }));
    tables.put('networks', network('n', { pendingDelete: true }));
    tables.put('networks', network('unmarked'));
    expect((await settleAll(memoryStore(tables))).report.settled).toBe(0);
    const { report } = await settleAll(memoryStore(tables, { pageItemsMax: 1 }), { full: true });
    expect(report.deleted.map(itemName)).toEqual(['service#a', 'service#b', 'network#n']);
    expect(tables.list('networks').map(({ id }) => id)).toEqual(['unmarked']);
  });

  it('goes on with the tables where it stopped in one of them, without being told again to be full', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('a', [], { pendingDelete: true }));
    tables.put('networks', network('n', { pendingDelete: true }));
    const { report } = await settleAll(memoryStore(tables), { from: { source: 'unstamped service', from: undefined } });
    expect(report.deleted.map(itemName)).toEqual(['service#a', 'network#n']);
  });

  it('looks at who is attached to a network and at no tasks, and heals only what is wrong', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('web', ['front'], marked(1)));
    tables.put('tasks', task('web', 't1'));
    tables.put('networks', network('front', marked(2)));
    tables.put('attachments', { held: 'network#front', holder: 'service#web' });
    const calls: string[] = [];
    const told = wrapStore(memoryStore(tables), async (request, call) => {
      calls.push(request);
      return call();
    });
    await settleAll(told);
    expect(calls.filter((request) => request === 'listAttached')).toHaveLength(1);
    expect(calls).not.toContain('readAttachments');
  });

  it.each(['task#03#web#1', 'nobody#1', 'network#back'])(
    'S2 leaves a network to whoever holds it under a name that says nothing, or of a kind that holds nothing: %s',
    async (holder) => {
      const tables = new MemoryTables();
      tables.put('networks', network('front', marked(0)));
      tables.put('attachments', { held: 'network#front', holder });
      const { report } = await settleAll(memoryStore(tables));
      expect(report).toMatchObject({ settled: 1, failed: [], deleted: [], stillMarked: 1 });
      expect(tables.list('attachments')).toHaveLength(1);
    },
  );

  it('S4 lets go of a network for a task, which held it by a former declaration', async () => {
    const tables = new MemoryTables();
    tables.put('networks', network('front', marked(0)));
    tables.put('tasks', { ...task('web', '1'), networks: [{ target: 'front' }] });
    tables.put('attachments', { held: 'network#front', holder: 'task#3#web#1' });
    expect((await settleAll(memoryStore(tables))).report.deleted.map(itemName)).toEqual(['network#front']);
    expect(tables.list('attachments')).toEqual([]);
  });

  it('names a parent that fails, and settles the others', async () => {
    const tables = world();
    const store = wrapStore(memoryStore(tables), (_, call) => call());
    const broken: Store = new Proxy(store, {
      get: (target, name) =>
        name === 'readItem'
          ? async (key: ItemKey) => {
              if (key.id === 'p01') throw new Error('unreadable');
              return target.readItem(key);
            }
          : Reflect.get(target, name),
    });
    const { report } = await settleAll(broken);
    expect(report.failed.map(({ parent }) => itemName(parent)).sort()).toEqual(['network#p01', 'service#p01']);
    expect(report.deleted).toHaveLength(58);
    expect(report.stillMarked).toBe(22);
  });

  it('tells the age of the oldest mark that is left', async () => {
    const tables = new MemoryTables();
    for (const [id, markedAt] of [
      ['a', '2025-12-31T23:00:00.000Z#1'],
      ['b', '2025-12-31T22:00:00.000Z#2'],
      ['c', 'no time'],
    ]) {
      tables.put('services', service(id as string, [], { pendingDelete: true, markedAt }));
      tables.put('tasks', task(id as string, 't1'));
    }
    const { report } = await settleAll(memoryStore(tables));
    expect(report.oldestMarkMillis).toBe(2 * 60 * 60 * 1000);
    expect(report.stillMarked).toBe(3);
    expect((await settleAll(memoryStore(new MemoryTables()))).report.oldestMarkMillis).toBeUndefined();
    const failing = wrapStore(memoryStore(tables), async (request, call) => {
      if (request === 'readItem') throw new Error('unreadable');
      return call();
    });
    expect((await settleAll(failing)).report).toMatchObject({ stillMarked: 3, oldestMarkMillis: 2 * 60 * 60 * 1000 });
  });

  it('S4 heals what holds a marked network although its service is gone, or refers to it no more', async () => {
    const backend = memoryBackend();
    await backend.put('services', service('other', []));
    await backend.put('services', service('user', ['kept']));
    for (const id of ['freed', 'kept']) await backend.put('networks', network(id, marked(1)));
    for (const [network, user] of [
      ['freed', 'gone'],
      ['freed', 'other'],
      ['kept', 'user'],
    ]) {
      await backend.put('attachments', { held: `network#${network}`, holder: `service#${user}` });
    }
    for (const records of Object.values(backend.tables.streams)) records.length = 0;
    expect(await backend.sweep()).toMatchObject({ deleted: ['network#freed'], failed: [] });
    expect((await backend.world()).attachments).toEqual([{ held: 'network#kept', holder: 'service#user' }]);
    expect(backend.violations).toEqual([]);
  });
});

describe('the sweep function', () => {
  it('keeps its place between invocations, clears it when done, and starts anew when asked to', async () => {
    const tables = world();
    const store = memoryStore(tables, { pageItemsMax: 7 });
    const lines: LogLine[] = [];
    const handler = sweepRequested(testPorts(store, testChance(), lines));
    const context = (groups: number) => {
      let left = groups;
      return { awsRequestId: 'r1', getRemainingTimeInMillis: () => (left-- > 0 ? 60_000 : 0) };
    };
    const first = await handler({ trigger: 'test' }, context(1));
    expect(first).toMatchObject({ complete: false, settled: 7, resumeAt: { source: 'service' } });
    expect(await store.readSweepCursor()).toEqual(first.resumeAt);
    const second = await handler(undefined, context(1));
    expect(second.startedAt).toEqual(first.resumeAt);
    const restarted = await handler({ restart: true }, context(1));
    expect(restarted.startedAt).toBeUndefined();
    const last = await handler({}, context(1000));
    expect(last).toMatchObject({ complete: true });
    expect(await store.readSweepCursor()).toBeUndefined();
    expect(lines.filter(({ decision }) => decision === 'swept')).toHaveLength(4);
  });
});

describe('a counter that a raw write has overwritten', () => {
  const WEB: ItemKey = { kind: 'service', id: 'web' };
  const options = { onSettled: () => {}, onFailed: () => {}, onTold: () => {} };
  const torn = (...tasks: string[]) => {
    const tables = new MemoryTables();
    tables.put('services', service('web', [], marked(1)));
    for (const id of tasks) tables.put('tasks', task('web', id));
    tables.put('counters', { id: 'service#web', remaining: 'two', epoch: 'e0' });
    return { tables, store: memoryStore(tables) };
  };
  const counter = (tables: MemoryTables) => tables.get('counters', { id: 'service#web' });

  it('is reset and counted anew where a sweep is asked for its parent', async () => {
    const { tables, store } = torn('t1', 't2');
    const report = await settleNamed(store, testChance(), [WEB], options);
    expect(report).toMatchObject({ settled: 1, failed: [], stillMarked: 1 });
    expect(counter(tables)).toMatchObject({ remaining: 2 });
    const free = torn();
    expect((await settleNamed(free.store, testChance(), [WEB], options)).deleted).toEqual([WEB]);
    expect(counter(free.tables)).toBeUndefined();
  });

  it('is left for people to see by a sweep of everything', async () => {
    const { tables, store } = torn('t1');
    const { report } = await settleAll(store);
    expect(report.failed).toMatchObject([{ parent: WEB }]);
    expect(counter(tables)).toMatchObject({ remaining: 'two' });
  });

  it('S7 takes nothing that was counted before: a recount from before the reset is refused', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('web', [], marked(1)));
    const store = memoryStore(tables);
    const before = await store.openCounter(WEB, { epoch: 'e0', openedAt: '' });
    // One task was counted by a settle, and was removed before the settle could write; then the raw write came.
    await store.decrement(WEB, 1, '');
    tables.put('counters', { id: 'service#web', remaining: null, epoch: 'e0' });
    await store.resetUnreadable(WEB, { epoch: 'e1', openedAt: '' });
    const late = await store.recount(WEB, before.epoch, 1 - before.remaining, 'e2');
    expect(late).toEqual({ status: 'failed', found: { remaining: 0, epoch: 'e1' } });
  });

  it('S7 is not reset again by the same request, even if the same raw write has come again meanwhile', async () => {
    const { tables } = torn();
    const sent: Parameters<CarryOut>[1][] = [];
    const engine = new MemoryEngine({ tables, names: MEMORY_NAMES });
    const sdk = memoryClient((operation, input) => {
      if (operation === 'TransactWriteItems') sent.push(input);
      return engine.carryOut(operation, input);
    });
    await new DynamoDBStore(openDatabase(documentClient(sdk), MEMORY_NAMES, { isLearned: true })).resetUnreadable(WEB, {
      epoch: 'e1',
      openedAt: '',
    });
    expect(sent).toEqual([expect.objectContaining({ ClientRequestToken: expect.any(String) })]);
    expect(counter(tables)).toMatchObject({ remaining: 0, epoch: 'e1' });
    tables.put('counters', { id: 'service#web', remaining: 'two', epoch: 'e0' });
    for (const request of sent) await engine.carryOut('TransactWriteItems', request);
    expect(counter(tables)).toMatchObject({ remaining: 'two' });
  });
});

describe('what a sweep is asked for by name', () => {
  const options = { onSettled: () => {}, onFailed: () => {}, onTold: () => {} };
  const front: ItemKey = { kind: 'network', id: 'front' };
  const named = async (tables: MemoryTables, ...keys: ItemKey[]) => {
    const calls: string[] = [];
    const store = wrapStore(memoryStore(tables), async (request, call) => {
      calls.push(request);
      return call();
    });
    return { report: await settleNamed(store, testChance(), keys, options), calls };
  };

  it('S4 goes, where the removal of what held it was never told of', async () => {
    const tables = new MemoryTables();
    tables.put('networks', network('front', marked(1)));
    tables.put('attachments', { held: 'network#front', holder: 'service#gone' });
    expect((await named(tables, front)).report.deleted).toEqual([front]);
  });

  it('S2 has its attachments set right, marked or not', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('web', ['front']));
    tables.put('tasks', task('web', 't1'));
    tables.put('services', service('job', ['front'], marked(1)));
    tables.put('tasks', task('job', 't1'));
    const { report } = await named(tables, { kind: 'service', id: 'web' }, { kind: 'service', id: 'job' });
    expect(report).toMatchObject({ settled: 2, failed: [], stillMarked: 1 });
    expect(
      tables
        .list('attachments')
        .map(({ holder }) => holder)
        .sort(),
    ).toEqual(['service#job', 'service#web']);
  });

  it('is not looked at for what it can not have, or has not', async () => {
    const tables = new MemoryTables();
    tables.put('networks', network('front', marked(1)));
    const look = ['resetUnreadable', 'listAttached', 'openCounter', 'readItem', 'countChildren', 'finalize'];
    expect((await named(tables, front)).calls).toEqual(look);
    const { calls } = await named(tables, { kind: 'task', id: '3#web#1' }, { kind: 'service', id: 'none' });
    expect(calls).not.toContain('readAttachments');
  });
});

describe('a task that a sweep is asked for', () => {
  it('fails alone, by its name', async () => {
    const tables = new MemoryTables();
    tables.put('services', service('web', [], marked(1)));
    const plan = swarmkitPlan({ taskNetworks: true });
    const store = wrapStore(memoryStore(tables, { plan }), (request, call) =>
      request === 'readItem' ? Promise.reject(new Error('unreadable')) : call(),
    );
    const failed: string[] = [];
    const task = { kind: 'task', id: '3#web#1' } as const;
    const report = await settleNamed(store, testChance(), [task], {
      rules: DEFAULT_RULES,
      onSettled: () => {},
      onFailed: (user) => failed.push(itemName(user)),
      onTold: () => {},
    });
    expect(report).toMatchObject({ settled: 0, failed: [{ parent: task, error: new Error('unreadable') }] });
    expect(failed).toEqual(['task#3#web#1']);
  });
});
