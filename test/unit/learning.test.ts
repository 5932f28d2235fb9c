/** Learning, docs/design.md §4.4: items that are older than the declaration of what they hold, and a sweep that learns them. */
import { describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { heal } from '../../lib/protocol/heal.ts';
import { learn, readLearning } from '../../lib/protocol/learn.ts';
import {
  type Declaration,
  declarationOf,
  holdersToHeal,
  type Lifecycle,
  learningTo,
  NOTHING_TO_LEARN,
  takeDeclaration,
} from '../../lib/protocol/learning.ts';
import { LEARNING_WAIT_MILLIS } from '../../lib/protocol/limits.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { settle } from '../../lib/protocol/settle.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { sweep } from '../../lib/protocol/sweep.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryClient, memoryNames, memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { wrapStore } from '../support/faults.ts';
import { POOL_AND_JOBS } from '../support/lifecycles.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { network, service } from '../support/objects.ts';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const TABLES = {
  attachments: 'Shop-Attachments',
  services: 'Shop-Services',
  tasks: 'Shop-Tasks',
  networks: 'Shop-Networks',
};
const own = declarationOf(planOf(SWARMKIT), TABLES);
const absent = { isThere: false, lifecycle: undefined, version: undefined };
const readAs = (lifecycle: Lifecycle) => ({ isThere: true, lifecycle, version: lifecycle.version });
const at = (version: string) => ({ version, nowEpochMillis: NOW });
const taken = (declaration: Declaration): Lifecycle => {
  const next = takeDeclaration(declaration, absent, at('v1'));
  if (next === undefined) throw new Error('there was something to take');
  return next;
};
const learned = (declaration: Declaration): Lifecycle => ({ ...taken(declaration), learning: {} });

describe('a declaration', () => {
  it('has a text for each dependency by value, and none for one by key', () => {
    expect(Object.keys(own)).toEqual(['network']);
    expect(own.network).toHaveLength(1);
    expect(Object.keys(declarationOf(planOf(SWARMKIT_ALL), TABLES))).toEqual(['network', 'secret', 'config', 'volume']);
    expect(declarationOf(planOf(swarmkit({ taskNetworks: true })), TABLES).network).toHaveLength(2);
  });

  it.each([
    ['the holders are in another table', declarationOf(planOf(SWARMKIT), { ...TABLES, services: 'Old-Services' })],
    [
      'attachments are in another table',
      declarationOf(planOf(SWARMKIT), { ...TABLES, attachments: 'New-Attachments' }),
    ],
    ['tasks hold as well', declarationOf(planOf(swarmkit({ taskNetworks: true })), TABLES)],
  ])('is another one where %s', (_, other) => {
    expect([...learningTo(other, learned(own)).keys()]).toEqual(['network']);
  });

  it('is another one where an ended task holds again', () => {
    const ended = declarationOf(planOf(swarmkit({ taskNetworks: true, taskIsGone: 'terminal' })), TABLES);
    const kept = declarationOf(planOf(swarmkit({ taskNetworks: true })), TABLES);
    expect([...learningTo(kept, learned(ended)).keys()]).toEqual(['network']);
  });
});

describe('a kind is learning', () => {
  it('where no item is there, or one that nobody can read', () => {
    expect(learningTo(own, undefined)).toEqual(new Map([['network', undefined]]));
  });

  it('where the item knows another declaration of that kind, and of no other', () => {
    const all = declarationOf(planOf(SWARMKIT_ALL), TABLES);
    expect([...learningTo(all, learned(own)).keys()]).toEqual(['secret', 'config', 'volume']);
    expect(learningTo(own, learned(all))).toEqual(new Map());
  });

  it('since it was taken, until that has ended', () => {
    expect(learningTo(own, taken(own))).toEqual(new Map([['network', NOW]]));
    expect(learningTo(own, learned(own))).toEqual(new Map());
  });
});

describe('a sweep takes a declaration', () => {
  it('all of it where there was none, and need not wait: nobody can have read that all is learned', () => {
    expect(takeDeclaration(own, absent, at('v1'))).toEqual({
      version: 'v1',
      declaration: own,
      learning: own,
      since: '2026-01-01T12:00:00.000Z',
      endsFrom: '2026-01-01T12:00:00.000Z',
      place: undefined,
    });
  });

  it('not again', () => {
    expect(takeDeclaration(own, readAs(taken(own)), at('v2'))).toBeUndefined();
    expect(takeDeclaration(own, readAs(learned(own)), at('v2'))).toBeUndefined();
    expect(takeDeclaration({}, absent, at('v2'))).toBeUndefined();
  });

  it('and learns what is new of it, and what was not learned yet, when former functions have ended', () => {
    const all = declarationOf(planOf(SWARMKIT_ALL), TABLES);
    const { network: _, ...rest } = all;
    const next = takeDeclaration(all, readAs(learned(own)), at('v2'));
    expect(next).toMatchObject({ version: 'v2', declaration: all, learning: rest });
    expect(Date.parse(next?.endsFrom ?? '')).toBe(NOW + LEARNING_WAIT_MILLIS);
    expect(takeDeclaration(all, readAs(taken(own)), at('v2'))?.learning).toEqual(all);
  });

  it('of an item that nobody can read, from the beginning, and waits', () => {
    const next = takeDeclaration(own, { isThere: true, lifecycle: undefined }, at('v2'));
    expect(next?.learning).toEqual(own);
    expect(Date.parse(next?.endsFrom ?? '')).toBe(NOW + LEARNING_WAIT_MILLIS);
  });

  it('and forgets what was taken out (R71), and begins at the first page (R69)', () => {
    const all = declarationOf(planOf(SWARMKIT_ALL), TABLES);
    const former = { ...learned(all), place: { kind: 'service', from: { id: 'web' } } };
    expect(takeDeclaration(own, readAs(former), at('v2'))).toMatchObject({ declaration: own, learning: {} });
    expect(takeDeclaration(own, readAs(former), at('v2'))?.place).toBeUndefined();
  });

  it('goes through the tables of those that hold what is being learned', () => {
    const plan = planOf(swarmkit({ taskNetworks: true }));
    expect(holdersToHeal(plan, declarationOf(plan, TABLES))).toEqual(['service', 'task']);
    expect(holdersToHeal(plan, {})).toEqual([]);
  });
});

const MARK = { pendingDelete: true, markedAt: '2025-12-31T00:00:00.000Z#1' };

/** Tables that were there before: services that nobody has attached, and a network that is marked. */
function brought(services = 1) {
  const backend = memoryBackend({ isLearned: false });
  const { tables } = backend;
  for (let n = 0; n < services; n++) tables.put('services', service(`old${n}`, ['front']));
  tables.streams.services.splice(0); // their records are long gone
  tables.put('networks', network('front', MARK));
  return backend;
}

describe('S2 a network that an old service uses', () => {
  it('is held until a sweep has learned it, and kept after that', async () => {
    const backend = brought();
    await backend.deliver();
    expect(backend.log.filter(({ decision }) => decision === 'held')).toMatchObject([
      { parent: 'network#front', because: 'learning' },
    ]);
    const answer = await backend.sweep();
    expect(answer).toMatchObject({ complete: true, deletedCount: 0, stillMarked: 1 });
    expect(answer).not.toHaveProperty('learning');
    expect(backend.tables.list('attachments')).toEqual([{ held: 'network#front', holder: 'service#old0' }]);
    expect(backend.tables.get('networks', { id: 'front' })).toBeDefined();
  });

  it('goes when the last of them has gone', async () => {
    const backend = brought(3);
    await backend.deliver();
    await backend.sweep();
    for (let n = 0; n < 3; n++) {
      const id = `old${n}`;
      backend.tables.put('services', { ...service(id, ['front']), ...MARK, markedAt: `m#${n}` });
    }
    await backend.deliver();
    expect(backend.tables.list('networks')).toEqual([]);
    expect(backend.tables.list('attachments')).toEqual([]);
  });

  it('does not go along with a service that was marked meanwhile (R60)', async () => {
    const backend = brought();
    backend.tables.put('services', { ...service('young', ['front']), ...MARK });
    backend.tables.put('attachments', { held: 'network#front', holder: 'service#young' });
    await backend.deliver();
    expect(backend.tables.get('services', { id: 'young' })).toBeUndefined();
    expect(backend.tables.get('networks', { id: 'front' })).toBeDefined();
  });
});

describe('a sweep that learns', () => {
  it('L1 lets go at once of what was held and nobody uses', async () => {
    const backend = brought(0);
    await backend.deliver();
    expect(backend.tables.list('networks')).toHaveLength(1);
    expect(await backend.sweep()).toMatchObject({ deletedCount: 1 });
    expect(backend.tables.list('networks')).toEqual([]);
  });

  it('L1 begins anew when it has ended: what was held lies before the place where another one stopped', async () => {
    const backend = brought(0);
    backend.tables.put('counters', { id: 'sweep', cursor: { source: 'counter' } });
    expect(await backend.sweep()).toMatchObject({ deletedCount: 1 });
  });

  it('waits until functions of a former declaration have ended (R66), and goes on then', async () => {
    const backend = brought(0);
    await memoryBackendStore(backend).lifecycle.take({ ...learned(own), declaration: {} }, absent);
    expect(await backend.sweep()).toMatchObject({ learning: ['network'], deletedCount: 0 });
    backend.chance.advance(LEARNING_WAIT_MILLIS - 1);
    expect(await backend.sweep()).toMatchObject({ learning: ['network'], deletedCount: 0 });
    backend.chance.advance(1);
    expect(await backend.sweep()).toMatchObject({ deletedCount: 1 });
  });

  it('S2 is not undone by a sweep of the former declaration that still runs: by that, tasks hold nothing (R66)', async () => {
    const tables = new MemoryTables();
    const chance = testChance();
    const deployed = (taskNetworks: boolean) =>
      memoryStore(tables, { plan: swarmkitPlan({ taskNetworks }), isLearned: false, chance, pageItemsMax: 1 });
    const [former, own] = [deployed(false), deployed(true)];
    const learnBy = (store: typeof own) =>
      learn(store, chance, { mayGoOn: () => true, onHealed: () => {}, onFailed: () => {} });
    await learnBy(former);
    tables.put('services', service('web'));
    // The place where learning goes on lies behind the first of them.
    for (const id of ['1', '2']) tables.put('tasks', { serviceId: 'web', id, networks: [{ target: 'front' }] });
    tables.put('networks', network('front', MARK));
    expect((await learnBy(own)).learning.has('network')).toBe(true);
    await heal(former, chance, { kind: 'task', id: '3#web#1' }, [{ kind: 'network', id: 'front' }]);
    chance.advance(LEARNING_WAIT_MILLIS);
    expect(await learnBy(own)).toMatchObject({ hasEnded: true });
    expect(tables.list('attachments').map(({ holder }) => holder)).toEqual(['task#3#web#1', 'task#3#web#2']);
  });

  it('S2 learns all again where the version was taken out of the item, as the runbook says', async () => {
    const backend = brought();
    await backend.sweep();
    backend.tables.delete('attachments', { held: 'network#front', holder: 'service#old0' });
    const { version: _, ...item } = backend.tables.get('counters', { id: 'lifecycle' }) as Record<string, unknown>;
    backend.tables.put('counters', item);
    await backend.deliver();
    expect(backend.tables.list('networks')).toHaveLength(1);
    expect(await backend.sweep()).toMatchObject({ learning: ['network'] });
    backend.chance.advance(LEARNING_WAIT_MILLIS);
    expect(await backend.sweep()).not.toHaveProperty('learning');
    expect(backend.tables.list('attachments')).toHaveLength(1);
    expect(backend.tables.list('networks')).toHaveLength(1);
  });

  it('S2 does not end where one could not be healed, says so, and settles the rest', async () => {
    let fails = true;
    const backend = memoryBackend({
      isLearned: false,
      wrap: (inner) =>
        wrapStore(inner, async (request, call) => {
          if (request === 'heal' && fails) throw new Error('no answer');
          return call();
        }),
    });
    backend.tables.put('services', service('old', ['front']));
    backend.tables.put('services', service('gone', [], MARK));
    backend.tables.put('networks', network('front', MARK));
    expect(await backend.sweep()).toMatchObject({
      learning: ['network'],
      failed: [{ parent: 'service#old', error: 'Error: no answer' }],
      deleted: ['service#gone'],
    });
    fails = false;
    expect(await backend.sweep()).not.toHaveProperty('learning');
    expect(backend.tables.list('attachments')).toHaveLength(1);
  });

  it('needs no item where the tables began empty', async () => {
    const backend = memoryBackend();
    backend.tables.put('networks', network('front', MARK));
    await backend.deliver();
    expect(backend.tables.list('networks')).toEqual([]);
    await backend.sweep();
    expect(backend.tables.list('counters')).toEqual([]);
  });
});

describe('a sweep that goes on where the last one stopped', () => {
  const SERVICES = 5;
  const services = Array.from({ length: SERVICES }, (_, n) => `old${n}`);

  /** Pages of two, and what happens before a request to the item. */
  function paged(before: (request: string, store: Store) => Promise<void> = async () => {}) {
    const backend = brought(SERVICES);
    const store = memoryStore(backend.tables, { isLearned: false, pageItemsMax: 2 });
    const lifecycle = new Proxy(store.lifecycle, {
      get: (target, name) => {
        const member = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'holdersOf') return member;
        return async (...args: unknown[]) => {
          await before(String(name), store);
          return member(...args);
        };
      },
    });
    const watched = new Proxy(store, {
      get: (target, name) => {
        const member = name === 'lifecycle' ? lifecycle : Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const run = (pages = Number.POSITIVE_INFINITY) => {
      let left = pages;
      return learn(watched, backend.chance, { mayGoOn: () => left-- > 0, onHealed: () => {}, onFailed: () => {} });
    };
    const attached = () => backend.tables.list('attachments').map(({ holder }) => holder);
    return { ...backend, store, run, attached };
  }

  it('heals each page once', async () => {
    const { run, attached, store } = paged();
    expect(await run(1)).toMatchObject({ hasEnded: false });
    expect(attached()).toHaveLength(2);
    expect((await store.lifecycle.read()).lifecycle?.place).toEqual({ kind: 'service', from: { id: 'old1' } });
    expect(await run(1)).toMatchObject({ hasEnded: false });
    expect(attached()).toHaveLength(4);
    expect(await run()).toEqual({ learning: new Map(), hasEnded: true });
    expect(attached()).toEqual(services.map((id) => `service#${id}`));
  });

  it('begins at the beginning where its place is of a kind that holds nothing that is learned', async () => {
    const { run, attached, store } = paged();
    expect(await run(0)).toMatchObject({ hasEnded: false });
    const { lifecycle } = await store.lifecycle.read();
    await store.lifecycle.keepPlace(lifecycle?.version ?? '', { kind: 'volume', from: { id: 'old4' } });
    expect(await run()).toMatchObject({ hasEnded: true });
    expect(attached()).toHaveLength(SERVICES);
  });

  it('has not ended once more where all is learned: each sweep would begin at the beginning', async () => {
    const { run } = paged();
    expect(await run()).toMatchObject({ hasEnded: true });
    expect(await run()).toEqual({ learning: new Map(), hasEnded: false });
  });

  it('S2 stops where its place is refused (R68), since another declaration is in force by now', async () => {
    const another = { ...taken(own), version: 'v9', declaration: {} };
    const { run, attached, store } = paged(async (request, { lifecycle }) => {
      if (request === 'keepPlace') await lifecycle.take(another, await lifecycle.read());
    });
    expect(await run()).toEqual({ learning: new Map([['network', undefined]]), hasEnded: false });
    expect(attached()).toHaveLength(2);
    expect((await store.lifecycle.read()).lifecycle).toEqual(another);
  });

  it.each(['take', 'end'])('S2 ends nothing where its %s is refused (R67)', async (refused) => {
    const another = { ...taken(own), version: 'v9', declaration: {} };
    const { run, store } = paged(async (request, { lifecycle }) => {
      if (request === refused) await lifecycle.take(another, await lifecycle.read());
    });
    expect(await run()).toEqual({ learning: new Map([['network', undefined]]), hasEnded: false });
    expect((await store.lifecycle.read()).lifecycle).toEqual(another);
  });

  it('L1 leaves no place of a sweep behind, when it dies right after the end (R70)', async () => {
    const { run, store } = paged(async (request) => {
      if (request === 'read' && hasEnded) throw new Error('the process died');
      hasEnded ||= request === 'end';
    });
    let hasEnded = false;
    await store.writeSweepCursor({ source: 'counter', from: undefined });
    await expect(run()).rejects.toThrow('the process died');
    expect((await store.lifecycle.read()).lifecycle?.learning).toEqual({});
    expect(await store.readSweepCursor()).toBeUndefined();
  });

  it('gives learning half of its time, and settles what is not being learned in the rest', async () => {
    const { tables, chance, store, attached } = paged();
    tables.put('services', service('gone', [], MARK));
    const millis = [900_000, 450_000];
    const report = await sweep(store, chance, {
      from: undefined,
      remainingMillis: () => millis.shift() ?? 449_999,
      ...{ onSettled: () => {}, onFailed: () => {}, onTold: () => {}, onHealed: () => {} },
      onPage: async () => {},
    });
    expect(report).toMatchObject({ learning: ['network'], deleted: [{ kind: 'service', id: 'gone' }] });
    // Two pages, and "gone", which holds nothing, is on them.
    expect(attached()).toHaveLength(3);
  });
});

describe('a removal that is refused while something uses its object', () => {
  function removal() {
    const backend = brought();
    backend.tables.put('networks', network('front'));
    const tables = memoryNames(backend.tables.plan);
    const engine = new MemoryEngine({ tables: backend.tables, names: tables });
    const client = documentClient(memoryClient((operation, input) => engine.carryOut(operation, input)));
    return { ...backend, client: new DeallocatorClient({ tables, client, chance: backend.chance }) };
  }
  const refused = expect.objectContaining({ code: 'FailedPrecondition', learning: true, blockers: [] });

  it('is refused while its users are being counted (R81), and names them after that', async () => {
    const { client, tables, chance, sweep } = removal();
    await memoryBackendStore({ tables }).lifecycle.take({ ...learned(own), declaration: {} }, absent);
    await sweep(); // takes the declaration, and has to wait
    await expect(client.removeNetwork('front')).rejects.toEqual(refused);
    chance.advance(LEARNING_WAIT_MILLIS);
    await sweep();
    await expect(client.removeNetwork('front')).rejects.toMatchObject({ learning: false, blockers: ['service#old0'] });
  });

  it('is refused where the item can not be read, and not where it waits anyway, or nothing can hold it', async () => {
    const { client, tables } = removal();
    tables.put('counters', { id: 'lifecycle' });
    await expect(client.removeNetwork('front')).rejects.toEqual(refused);
    await client.removeNetwork('front', { whenInUse: 'wait' });
    await client.removeService('old0');
    expect(tables.get('networks', { id: 'front' })).toMatchObject({ pendingDelete: true });
  });

  it('is accepted before any sweep has been there, and its mark is held', async () => {
    const { client, deliver, log } = removal();
    await client.removeNetwork('front');
    await deliver();
    expect(log.filter(({ decision }) => decision === 'held')).toMatchObject([{ because: 'learning' }]);
  });
});

function memoryBackendStore({ tables }: Pick<ReturnType<typeof memoryBackend>, 'tables'>) {
  return memoryStore(tables, { isLearned: false, rules: DEFAULT_RULES });
}

describe('what is being learned', () => {
  const plan: Plan = planOf({
    kinds: {
      ...POOL_AND_JOBS,
      shelf: { table: 'shelves', key: { id: '${shelf}' } },
      book: {
        table: 'books',
        key: { shelfId: '${shelf}', id: '${book}' },
        dependsOn: [{ kind: 'shelf', by: 'key' }],
      },
    },
  });

  it('is asked for where it matters: for what is held by value, and for what may take such along', async () => {
    const store = memoryStore(new MemoryTables(0, plan), { isLearned: false });
    const asked: string[] = [];
    for (const kind of ['pool', 'job', 'shelf']) {
      const learning = async () => {
        asked.push(kind);
        return NOTHING_TO_LEARN;
      };
      await settle(store, testChance(), { kind, id: 'x' }, { learning });
    }
    expect(asked).toEqual(['pool', 'job']);
  });

  it('S2 is read by a settle that is told nothing of it', async () => {
    const tables = new MemoryTables(0, plan);
    tables.put('pools', { id: 'x', ...MARK });
    const store = memoryStore(tables, { isLearned: false });
    const settled = await settle(store, testChance(), { kind: 'pool', id: 'x' });
    expect(settled).toMatchObject({ outcome: 'held', because: 'learning' });
  });
});

it('what is learned is read by each invocation (R59)', async () => {
  const backend = brought(0);
  const store = memoryBackendStore(backend);
  expect([...(await readLearning(store)).keys()]).toEqual(['network']);
  await backend.sweep();
  expect(await readLearning(store)).toEqual(new Map());
});
