/** The bounds of telling tasks to stop, and whose tasks are left alone. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { TELL_TRIES_MAX, TELLS_PER_TRANSACTION_MAX, TOLD_ITEMS_MAX } from '../../lib/protocol/limits.ts';
import type { PageKey } from '../../lib/protocol/pages.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Store, Told } from '../../lib/protocol/store.ts';
import { tell } from '../../lib/protocol/tell.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { wrapStore } from '../support/faults.ts';
import { POOL_AND_JOBS } from '../support/lifecycles.ts';
import { network, service, task } from '../support/objects.ts';

const web: ItemKey = { kind: 'service', id: 'web' };
const plan = swarmkitPlan({ stopTasks: true });
const marked = { pendingDelete: true, markedAt: '2025-12-31T00:00:00.000Z#1' };

/** A method of the store, called on itself; or what else it has. */
function passedOn(store: Store, name: string | symbol): unknown {
  const method = Reflect.get(store, name);
  return typeof method === 'function' ? (...args: unknown[]) => Reflect.apply(method, store, args) : method;
}

function world(more: Record<string, unknown>, tasks = 1) {
  const tables = new MemoryTables();
  tables.put('services', service('web', [], more));
  for (let n = 0; n < tasks; n++) tables.put('tasks', task('web', `t${n}`));
  const told = () => tables.list('tasks').filter(({ desiredState }) => desiredState === 'remove').length;
  return { tables, told };
}

describe('tasks are left alone', () => {
  it.each<[string, Record<string, unknown>, { readonly plan?: Plan; readonly gracePeriodMillis?: number }]>([
    ['where that is not chosen', marked, { plan: swarmkitPlan() }],
    ['of a service that is not marked', {}, {}],
    ['of a service that has no time yet', { pendingDelete: true }, {}],
    ['of a service that is protected', { ...marked, protected: true }, {}],
    ['in the grace period', { ...marked, markedAt: '2026-01-01T00:00:00.000Z#1' }, { gracePeriodMillis: 1 }],
  ])('%s', async (_, more, { gracePeriodMillis = 0, ...chosen }) => {
    const rules = { ...DEFAULT_RULES, gracePeriodMillis };
    const { tables, told } = world(more);
    expect(await tell(memoryStore(tables, { plan, rules, ...chosen }), testChance(), web, rules)).toBe(0);
    expect(told()).toBe(0);
  });

  it('of what is not there, or has no tasks', async () => {
    const { tables } = world(marked);
    const calls: string[] = [];
    const store = wrapStore(memoryStore(tables, { plan }), async (request, call) => {
      calls.push(request);
      return call();
    });
    expect(await tell(store, testChance(), { kind: 'service', id: 'nobody' }, DEFAULT_RULES)).toBe(0);
    tables.put('networks', network('front', marked));
    expect(await tell(store, testChance(), { kind: 'network', id: 'front' }, DEFAULT_RULES)).toBe(0);
    expect(calls).toEqual(['readItem']);
  });
});

describe('what lies under a kind of one’s own', () => {
  const POOLS: Plan = planOf({
    kinds: {
      ...POOL_AND_JOBS,
      worker: {
        table: 'workers',
        key: { poolId: '${pool}', id: '${worker}' },
        dependsOn: [{ kind: 'pool', by: 'key', onDelete: { set: { state: 'stop' } } }],
      },
      lease: {
        table: 'leases',
        key: { poolId: '${pool}', id: '${lease}' },
        dependsOn: [{ kind: 'pool', by: 'key', onDelete: { set: { state: 'over' } } }],
      },
    },
  });
  const pool: ItemKey = { kind: 'pool', id: 'p' };
  const pools = () => {
    const tables = new MemoryTables(0, POOLS);
    tables.put('pools', { id: 'p', ...marked });
    for (const table of ['workers', 'leases']) tables.put(table, { poolId: 'p', id: '1' });
    return tables;
  };

  it('is told kind by kind', async () => {
    const tables = pools();
    expect(await tell(memoryStore(tables), testChance(), pool, DEFAULT_RULES)).toBe(2);
    expect([...tables.list('workers'), ...tables.list('leases')]).toMatchObject([{ state: 'stop' }, { state: 'over' }]);
  });

  it('is left alone as long as others may use its parent that nobody has counted yet', async () => {
    const tables = pools();
    expect(await tell(memoryStore(tables, { isLearned: false }), testChance(), pool, DEFAULT_RULES)).toBe(0);
    expect(tables.list('workers')).toEqual([{ poolId: 'p', id: '1' }]);
  });

  it('is looked for no more once the mark is gone, of no further kind either', async () => {
    const tables = pools();
    const calls: string[] = [];
    const store = wrapStore(memoryStore(tables), async (request, call) => {
      calls.push(request);
      if (request === 'tell') tables.put('pools', { id: 'p' });
      return call();
    });
    expect(await tell(store, testChance(), pool, DEFAULT_RULES)).toBe(0);
    expect(calls).toEqual(['readItem', 'listUntold', 'tell']);
  });
});

describe('tasks are told', () => {
  it('and looked for once, where all are on one page', async () => {
    const { tables } = world(marked, 2);
    const calls: string[] = [];
    const store = wrapStore(memoryStore(tables, { plan }), async (request, call) => {
      calls.push(request);
      return call();
    });
    expect(await tell(store, testChance(), web, DEFAULT_RULES)).toBe(2);
    expect(calls).toEqual(['readItem', 'listUntold', 'tell']);
  });

  it('page by page, some in a transaction, and those that stand in the way are left out', async () => {
    const { tables, told } = world(marked, 60);
    const sizes: number[] = [];
    const inner = memoryStore(tables, { pageItemsMax: 30, plan });
    const store: Store = new Proxy(inner, {
      get: (target, name) =>
        name !== 'tell'
          ? passedOn(target, name)
          : async (...[found, telling, items]: Parameters<Store['tell']>) => {
              sizes.push(items.length);
              if (sizes.length === 1)
                tables.delete('tasks', { serviceId: 'web', id: items[0]?.id.slice('3#web#'.length) as string });
              return target.tell(found, telling, items);
            },
    });
    expect(await tell(store, testChance(), web, DEFAULT_RULES)).toBe(59);
    expect(told()).toBe(59);
    expect(sizes).toEqual([TELLS_PER_TRANSACTION_MAX, TELLS_PER_TRANSACTION_MAX - 1, 5, TELLS_PER_TRANSACTION_MAX, 5]);
  });

  /** A service whose tasks are listed without end; every transaction is answered alike. */
  const endless = (answer: (items: readonly ItemKey[]) => Told, tasksInPage: number) => {
    const { tables } = world(marked);
    const calls = { pages: [] as (PageKey | undefined)[], transactions: 0 };
    const store: Store = new Proxy(memoryStore(tables, { plan }), {
      get: (target, name) => {
        if (name === 'listUntold')
          return async (...[, , from]: Parameters<Store['listUntold']>) => {
            calls.pages.push(from);
            const items = Array.from({ length: tasksInPage }, (_, n): ItemKey => ({ kind: 'task', id: `3#web#t${n}` }));
            return { items, next: { serviceId: 'web', id: `page ${calls.pages.length}` } };
          };
        if (name === 'tell')
          return async (...[, , items]: Parameters<Store['tell']>) => {
            calls.transactions++;
            return answer(items);
          };
        return passedOn(target, name);
      },
    });
    return { calls, stop: () => tell(store, testChance(), web, DEFAULT_RULES) };
  };

  it('not beyond a number, after which the sweep goes on', async () => {
    const { calls, stop } = endless(() => ({ status: 'committed' }), TOLD_ITEMS_MAX / 4);
    expect(await stop()).toBe(TOLD_ITEMS_MAX);
    expect(calls.pages.map((from) => from?.id)).toEqual([undefined, 'page 1', 'page 2', 'page 3']);
  });

  it('not beyond a number of pages, where nearly all had been told before', async () => {
    const { calls, stop } = endless(() => ({ status: 'committed' }), 0);
    expect(await stop()).toBe(0);
    expect(calls.pages).toHaveLength(1000);
  });

  it('not beyond a number of tries each', async () => {
    const { calls, stop } = endless((ids) => ({ status: 'refused', unfit: ids.slice(0, 1) }), 20);
    const done = stop();
    await done;
    expect(calls.transactions).toBe(calls.pages.length * TELL_TRIES_MAX);
  });

  it('no more once the mark is gone', async () => {
    const { calls, stop } = endless(() => ({ status: 'not marked' }), 60);
    expect(await stop()).toBe(0);
    expect(calls.transactions).toBe(1);
  });
});
