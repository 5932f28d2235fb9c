/** The handlers over a store in memory: what a batch asks of the store, and which of its records it gives back. */

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Store } from '../../lib/protocol/store.ts';
import type { StreamEvent } from '../../lib/streams/batch.ts';
import { streamHandlerOf } from '../../lib/streams/handlers.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { testPorts } from '../../lib/testing/memory/ports.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

interface Call {
  readonly request: string;
  readonly args: readonly unknown[];
}

/** The handlers over tables of their own; `before` comes before each of the store's calls, and may fail it. */
function house(before: (call: Call) => Promise<void> | void = () => {}, choices: SwarmkitOptions = {}) {
  const tables = new MemoryTables(0, swarmkitPlan(choices));
  const calls: Call[] = [];
  const log: Record<string, unknown>[] = [];
  const chance = testChance();
  const store = new Proxy<Store>(memoryStore(tables), {
    get: (target, name) => {
      const method = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const call = { request: String(name), args };
        calls.push(call);
        await before(call);
        return method.apply(target, args);
      };
    },
  });
  const ports = testPorts(store, chance, log, DEFAULT_RULES, 'test', tables.plan);
  const context = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };
  return {
    tables,
    log,
    calls,
    requests: () => calls.map(({ request }) => request),
    argsOf: (request: string) => calls.filter((call) => call.request === request).map(({ args }) => args),
    childDeleted: (table: string, ...records: unknown[]) =>
      streamHandlerOf(table, ports)({ Records: records }, context),
    parentUpdated: (table: string, ...records: unknown[]) =>
      streamHandlerOf(table, ports)({ Records: records }, context),
    taskDeletedEvent: (event: unknown) => streamHandlerOf('tasks', ports)(event as StreamEvent, context),
    serviceUpdatedEvent: (event: unknown) => streamHandlerOf('services', ports)(event as StreamEvent, context),
    /** A marked service that drains: its counter says so. */
    draining: (id: string, tasks: number) => {
      tables.put('services', { id, pendingDelete: true, markedAt: 'm1' });
      for (let n = 1; n <= tasks; n++) tables.put('tasks', { serviceId: id, id: `t${n}` });
      tables.put('counters', { id: `service#${id}`, remaining: tasks, epoch: 'e1', openedAt: 'o1' });
    },
    remaining: (id: string) => tables.get('counters', { id: `service#${id}` })?.remaining,
  };
}

const removal = (serviceId: string, sequenceNumber: number | string, eventName = 'REMOVE') => ({
  eventName,
  dynamodb: { SequenceNumber: String(sequenceNumber), Keys: { serviceId: { S: serviceId }, id: { S: 't1' } } },
});
const failures = (...sequenceNumbers: string[]) => ({
  batchItemFailures: sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier })),
});
const isOf = (args: readonly unknown[], id: string) => (args[0] as ItemKey | undefined)?.id === id;

describe('task-deleted', () => {
  it("makes one decrement of a parent's records in a batch, by their number", async () => {
    const { draining, childDeleted, argsOf, requests, remaining } = house();
    draining('web', 9);
    draining('api', 5);
    const records = ['web', 'api', 'web', 'web', 'api'].map((id, n) => removal(id, n + 1));
    expect(await childDeleted('tasks', ...records)).toEqual(failures());
    expect(argsOf('decrement')).toEqual([
      [{ kind: 'service', id: 'web' }, 3, '2026-01-01T00:00:00.000Z'],
      [{ kind: 'service', id: 'api' }, 2, '2026-01-01T00:00:00.000Z'],
    ]);
    expect([remaining('web'), remaining('api')]).toEqual([6, 3]);
    expect(requests()).toEqual(['findDraining', 'findDraining', 'decrement', 'decrement']);
  });

  it('asks once for each parent whether it drains, and writes nothing where it does not', async () => {
    const { childDeleted, argsOf, requests, tables } = house();
    tables.put('services', { id: 'web' });
    expect(await childDeleted('tasks', removal('web', 1), removal('gone', 2), removal('web', 3))).toEqual(failures());
    expect(requests()).toEqual(['findDraining', 'findDraining']);
    expect(argsOf('findDraining')).toEqual([[[{ kind: 'service', id: 'web' }]], [[{ kind: 'service', id: 'gone' }]]]);
    expect(tables.list('counters')).toEqual([]);
  });

  it('does nothing more when the counter went between the look and the decrement', async () => {
    const { draining, childDeleted, requests, tables, log } = house(({ request }) => {
      if (request === 'decrement') tables.delete('counters', { id: 'service#web' });
    });
    draining('web', 1);
    expect(await childDeleted('tasks', removal('web', 1))).toEqual(failures());
    expect(requests()).toEqual(['findDraining', 'decrement']);
    expect(log).toEqual([]);
  });

  it('settles at zero, on the counter that the decrement returned', async () => {
    const { draining, childDeleted, requests, tables, log } = house();
    draining('web', 0);
    tables.put('counters', { id: 'service#web', remaining: 2, epoch: 'e1' });
    expect(await childDeleted('tasks', removal('web', 1), removal('web', 2))).toEqual(failures());
    expect(tables.get('services', { id: 'web' })).toBeUndefined();
    expect(requests()).not.toContain('openCounter');
    expect(log.find(({ decision }) => decision === 'deleted')).toMatchObject({ parent: 'service#web', records: 2 });
  });

  it('settles below zero too: who crossed it may have crashed', async () => {
    const { draining, childDeleted, tables } = house();
    draining('web', 0);
    expect(await childDeleted('tasks', removal('web', 1))).toEqual(failures());
    expect(tables.get('services', { id: 'web' })).toBeUndefined();
  });

  it('S1 deletes nothing when the counter is too low and a task is left', async () => {
    const { draining, childDeleted, tables, remaining, log } = house();
    draining('web', 2);
    expect(await childDeleted('tasks', removal('web', 1), removal('web', 2))).toEqual(failures());
    expect(tables.get('services', { id: 'web' })).toBeDefined();
    expect(remaining('web')).toBe(2);
    expect(log.find(({ decision }) => decision === 'draining')).toMatchObject({ parent: 'service#web', remaining: 2 });
  });

  it.each(['INSERT', 'MODIFY'])('takes an %s among the tasks for no news', async (eventName) => {
    const { draining, childDeleted, remaining, requests } = house();
    draining('web', 2);
    expect(await childDeleted('tasks', removal('web', 1, eventName))).toEqual(failures());
    expect(remaining('web')).toBe(2);
    expect(requests()).toEqual([]);
    await childDeleted('tasks', removal('web', 1, eventName), removal('web', 2), removal('web', 3, eventName));
    expect(remaining('web')).toBe(1);
  });

  it('serves networks by the same rule', async () => {
    const { childDeleted, tables, argsOf } = house();
    tables.put('networks', { id: 'front', pendingDelete: true, markedAt: 'm1' });
    tables.put('counters', { id: 'network#front', remaining: 1, epoch: 'e1' });
    const keys = { held: { S: 'network#front' }, holder: { S: 'service#web' } };
    const record = { eventName: 'REMOVE', dynamodb: { SequenceNumber: '1', Keys: keys } };
    expect(await childDeleted('attachments', record)).toEqual(failures());
    expect(argsOf('decrement')).toEqual([[{ kind: 'network', id: 'front' }, 1, expect.any(String)]]);
    expect(tables.get('networks', { id: 'front' })).toBeUndefined();
  });

  it('counts a task that held networks only once its attachments are set right', async () => {
    const fails = new Set(['t2']);
    const { draining, childDeleted, requests, remaining, tables, log } = house(
      ({ request, args }) => {
        if (request === 'readItem' && fails.has(String((args[0] as ItemKey).id.split('#')[2])))
          throw new Error('broken');
      },
      { taskNetworks: true },
    );
    draining('web', 0);
    tables.put('counters', { id: 'service#web', remaining: 5, epoch: 'e1' });
    for (const id of ['t1', 't2']) tables.put('attachments', { held: 'network#front', holder: `task#3#web#${id}` });
    const networks = { L: [{ M: { target: { S: 'front' } } }] };
    const gone = (id: string, sequenceNumber: number) => ({
      eventName: 'REMOVE',
      dynamodb: {
        SequenceNumber: String(sequenceNumber),
        Keys: { serviceId: { S: 'web' }, id: { S: id } },
        OldImage: { networks },
      },
    });
    expect(await childDeleted('tasks', gone('t1', 1), gone('t2', 2), gone('t3', 3))).toEqual(failures('2'));
    expect(remaining('web')).toBe(3);
    expect(requests().indexOf('heal')).toBeLessThan(requests().indexOf('decrement'));
    expect(tables.list('attachments')).toEqual([{ held: 'network#front', holder: 'task#3#web#t2' }]);
    expect(log.filter(({ level }) => level === 'ERROR')).toMatchObject([{ subject: 'task#3#web#t2' }]);
    fails.clear();
    expect(await childDeleted('tasks', gone('t2', 2))).toEqual(failures());
    expect(remaining('web')).toBe(2);
  });

  it('takes a thousand parents together, step by step, and the next ones when these are done', async () => {
    let running = 0;
    let most = 0;
    const { draining, childDeleted, argsOf } = house(async ({ request }) => {
      if (request !== 'decrement') return;
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
    });
    const ids = Array.from({ length: 1_040 }, (_, n) => `s${n}`);
    for (const id of ids) draining(id, 5);
    expect(await childDeleted('tasks', ...ids.map((id, n) => removal(id, n + 1)))).toEqual(failures());
    expect(argsOf('decrement')).toHaveLength(1_040);
    expect(most).toBe(1_000);
  });

  it('keeps ids apart that a map of names would mix up', async () => {
    const { draining, childDeleted, remaining, argsOf } = house();
    const ids = ['__proto__', 'constructor', 'toString', 'a#b', 'a', ' ', '\u0000'];
    for (const id of ids) draining(id, 5);
    await childDeleted('tasks', ...ids.map((id, n) => removal(id, n + 1)));
    expect(argsOf('decrement').map(([, by]) => by)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    for (const id of ids) expect(remaining(id)).toBe(4);
  });
});

describe('a batch', () => {
  it('that is empty is done', async () => {
    const { taskDeletedEvent, serviceUpdatedEvent } = house();
    expect(await taskDeletedEvent({ Records: [] })).toEqual(failures());
    expect(await serviceUpdatedEvent({ Records: [] })).toEqual(failures());
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an object without records', {}],
    ['an object whose records are none', { Records: 'x' }],
    ['an object whose records are an object', { Records: { 0: removal('web', 1), length: 1 } }],
  ])('refuses %s for an event', async (_, event) => {
    const { taskDeletedEvent, serviceUpdatedEvent } = house();
    for (const answer of [taskDeletedEvent(event), serviceUpdatedEvent(event)]) {
      await expect(answer).rejects.toMatchObject({ name: 'DeallocatorError', code: 'InvalidArgument' });
    }
  });

  it('names all records of the parents that failed, lowest first, and the others are done', async () => {
    const { draining, childDeleted, remaining, log } = house(({ request, args }) => {
      if (request === 'decrement' && isOf(args, 'web')) throw new Error('the table is on fire');
      if (request === 'decrement' && isOf(args, 'api')) throw new Error('so is this one');
    });
    for (const id of ['web', 'api', 'job']) draining(id, 5);
    const low = '9'.repeat(39);
    const high = `1${'0'.repeat(39)}`;
    const answer = await childDeleted(
      'tasks',
      removal('web', high),
      removal('job', '3'),
      removal('api', '10'),
      removal('web', '9'),
      removal('api', low),
      removal('job', '4'),
    );
    expect(answer).toEqual(failures('9', '10', low, high));
    expect(remaining('job')).toBe(3);
    expect(log.filter(({ level }) => level === 'ERROR')).toMatchObject([
      { subject: 'service#web', error: 'the table is on fire' },
      { subject: 'service#api', error: 'so is this one' },
    ]);
    expect(log.at(-1)).toMatchObject({ Failures: [2], Decrements: [1] });
  });

  it('finishes the parents behind one that failed', async () => {
    const { draining, childDeleted, argsOf } = house(({ request, args }) => {
      if (request === 'decrement' && isOf(args, 's0')) throw new Error('broken');
    });
    const ids = Array.from({ length: 40 }, (_, n) => `s${n}`);
    for (const id of ids) draining(id, 5);
    expect(await childDeleted('tasks', ...ids.map((id, n) => removal(id, n + 1)))).toEqual(failures('1'));
    expect(argsOf('decrement')).toHaveLength(40);
  });

  it('fails a record whose proof could not be read, and deletes nothing', async () => {
    const { draining, childDeleted, tables } = house(({ request }) => {
      if (request === 'countChildren') throw new Error('no answer');
    });
    draining('web', 0);
    expect(await childDeleted('tasks', removal('web', 7))).toEqual(failures('7'));
    expect(tables.get('services', { id: 'web' })).toBeDefined();
  });

  it('fails for a parent alone when its counter can not be read', async () => {
    const { draining, childDeleted, remaining, log } = house(({ request, args }) => {
      if (request === 'findDraining' && JSON.stringify(args).includes('web')) throw new Error('no answer');
    });
    for (const id of ['web', 'api']) draining(id, 5);
    expect(await childDeleted('tasks', removal('web', 1), removal('api', 2))).toEqual(failures('1'));
    expect([remaining('web'), remaining('api')]).toEqual([5, 4]);
    expect(log).toContainEqual(expect.objectContaining({ decision: 'failed', subject: 'service#web' }));
  });

  it('names a malformed record beside a failed parent, in the order of the stream', async () => {
    const { draining, childDeleted, remaining, log } = house(({ request, args }) => {
      if (request === 'decrement' && isOf(args, 'web')) throw new Error('broken');
    });
    for (const id of ['web', 'api']) draining(id, 5);
    const answer = await childDeleted(
      'tasks',
      removal('web', '300'),
      removal('api', '20', 'TRUNCATE'),
      removal('api', '100'),
      removal('web', '3'),
    );
    expect(answer).toEqual(failures('3', '20', '300'));
    expect(remaining('api')).toBe(4);
    expect(log.filter(({ level }) => level === 'ERROR')).toMatchObject([
      { subject: 'record 20', code: 'InvalidArgument' },
      { subject: 'service#web', code: 'Error' },
    ]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a record without a sequence number', { ...removal('api', 1), dynamodb: { Keys: { serviceId: { S: 'api' } } } }],
  ])('throws after all others are done when it holds %s', async (_, nameless) => {
    const { draining, childDeleted, remaining, log } = house();
    for (const id of ['web', 'api']) draining(id, 5);
    const answer = childDeleted('tasks', removal('web', 1), nameless, removal('web', 2), removal('api', 3));
    const error: unknown = await answer.then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(isDeallocatorError(error, 'InvalidArgument')).toBe(true);
    expect([remaining('web'), remaining('api')]).toEqual([3, 4]);
    expect(log[0]).toMatchObject({ level: 'ERROR', subject: 'record without a sequence number' });
    expect(log.at(-1)).toMatchObject({ Failures: [1], Decrements: [2] });
  });
});

describe('service-updated', () => {
  const lists = (...targets: string[]) => ({
    M: { networks: { L: targets.map((target) => ({ M: { target: { S: target } } })) } },
  });
  const image = (mark: { marked?: boolean; markedAt?: string; raw?: unknown } = {}, ...networks: string[]) => ({
    id: { S: 'web' },
    ...(mark.marked !== undefined && { pendingDelete: { BOOL: mark.marked } }),
    ...(mark.raw !== undefined && { pendingDelete: mark.raw }),
    ...(mark.markedAt !== undefined && { markedAt: { S: mark.markedAt } }),
    ...(networks.length > 0 && { spec: lists(...networks) }),
  });
  const record = (before: object | undefined, after: object | undefined, sequenceNumber = 1) => ({
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    dynamodb: {
      SequenceNumber: String(sequenceNumber),
      Keys: { id: { S: 'web' } },
      ...(before && { OldImage: before }),
      ...(after && { NewImage: after }),
    },
  });
  const m1 = { marked: true, markedAt: 'm1' };
  const m2 = { marked: true, markedAt: 'm2' };

  interface Row {
    readonly what: string;
    readonly records: readonly unknown[];
    readonly hasCounter?: boolean;
    readonly settles: boolean;
    /** The networks whose attachments are looked at; undefined: none are. */
    readonly heals?: readonly string[];
  }
  const rows: Row[] = [
    { what: 'a new service without networks', records: [record(undefined, image())], settles: false },
    {
      what: 'a new service with networks',
      records: [record(undefined, image({}, 'front', 'back'))],
      settles: false,
      heals: ['front', 'back'],
    },
    { what: 'a service that is born marked', records: [record(undefined, image(m1))], settles: true },
    {
      what: 'a service that is born marked on a network',
      records: [record(undefined, image(m1, 'front'))],
      settles: true,
      heals: ['front'],
    },
    { what: 'a mark', records: [record(image({}, 'front'), image(m1, 'front'))], settles: true },
    { what: 'a mark without its time', records: [record(image(), image({ marked: true }))], settles: true },
    {
      what: 'the time that a mark was given',
      records: [record(image({ marked: true }), image(m1))],
      settles: true,
    },
    { what: 'another mark in place of the first', records: [record(image(m1), image(m2))], settles: true },
    { what: 'an unrelated change under a mark', records: [record(image(m1, 'a'), image(m1, 'a'))], settles: false },
    {
      what: 'an unrelated change under a mark, with a counter',
      records: [record(image(m1), image(m1))],
      hasCounter: true,
      settles: false,
    },
    {
      what: 'an unrelated change without a mark',
      records: [record(image(), image())],
      hasCounter: true,
      settles: false,
    },
    { what: 'a text in place of a mark', records: [record(image(), image({ raw: { S: 'true' } }))], settles: false },
    {
      what: 'a mark that is cleared, with a counter',
      records: [record(image(m1), image())],
      hasCounter: true,
      settles: true,
    },
    { what: 'a mark that is cleared, without a counter', records: [record(image(m1), image())], settles: false },
    {
      what: 'a mark that is set to false, with a counter',
      records: [record(image(m1), image({ marked: false }))],
      hasCounter: true,
      settles: true,
    },
    {
      what: 'a mark that is cleared and leaves its time',
      records: [record(image(m1), image({ markedAt: 'm1' }))],
      settles: true,
    },
    { what: 'a time without a mark', records: [record(image(), image({ markedAt: 'm1' }))], settles: true },
    { what: 'a removal, with a counter', records: [record(image(m1), undefined)], hasCounter: true, settles: true },
    { what: 'a removal, without a counter', records: [record(image(m1), undefined)], settles: false },
    {
      what: 'a removal of a service with networks',
      records: [record(image(m1, 'front'), undefined)],
      settles: false,
      heals: ['front'],
    },
    {
      what: 'a removal by other hands of what was not marked',
      records: [record(image({}, 'front'), undefined)],
      settles: false,
      heals: ['front'],
    },
    {
      what: 'a change of networks',
      records: [record(image({}, 'front', 'old'), image({}, 'front', 'new'))],
      settles: false,
      heals: ['front', 'old', 'new'],
    },
    {
      what: 'a change of networks under a mark',
      records: [record(image(m1, 'old'), image(m1, 'new'))],
      settles: false,
      heals: ['old', 'new'],
    },
    {
      what: 'changes of networks in two records, each network once',
      records: [
        record(image({}, 'a'), image({}, 'b'), 1),
        record(image({}, 'b'), image({}, 'b'), 2),
        record(image({}, 'b'), image({}, 'c'), 3),
      ],
      settles: false,
      heals: ['a', 'b', 'c'],
    },
    {
      what: 'a mark that is set and cleared in one batch',
      records: [record(image(), image(m1), 1), record(image(m1), image(), 2)],
      settles: true,
    },
  ];

  it.each(rows)('$what: settles $settles, heals $heals', async ({ records, hasCounter, settles, heals }) => {
    const { parentUpdated, requests, argsOf, tables } = house();
    if (hasCounter) tables.put('counters', { id: 'service#web', remaining: 0, epoch: 'e1' });
    expect(await parentUpdated('services', ...records)).toEqual(failures());
    expect(requests().includes('openCounter')).toBe(settles);
    expect(argsOf('readAttachments')).toEqual(
      heals === undefined ? [] : [[{ kind: 'service', id: 'web' }, heals.map((id) => ({ kind: 'network', id }))]],
    );
    // Where there is nothing to do, nothing but the counters of cleared marks is asked for.
    // At most one look at the counters, and only where a mark was cleared.
    if (!settles && heals === undefined) expect([[], ['findDraining']]).toContainEqual(requests());
    expect(tables.get('counters', { id: 'service#web' }) !== undefined).toBe(hasCounter === true && !settles);
  });

  it('asks for the counters of cleared marks only', async () => {
    const { parentUpdated, argsOf } = house();
    const of = (id: string, one: { dynamodb: object }, sequenceNumber: number) => {
      return { ...one, dynamodb: { ...one.dynamodb, Keys: { id: { S: id } }, SequenceNumber: String(sequenceNumber) } };
    };
    await parentUpdated(
      'services',
      of('marked', record(image(), image(m1)), 1),
      of('cleared', record(image(m1), image()), 2),
      of('removed', record(image(m1), undefined), 3),
      of('same', record(image(m1), image(m1)), 4),
    );
    expect(argsOf('findDraining')).toEqual([
      [[{ kind: 'service', id: 'cleared' }]],
      [[{ kind: 'service', id: 'removed' }]],
    ]);
  });

  it('settles once, however many records of a parent ask for it', async () => {
    const { parentUpdated, tables, log } = house();
    tables.put('services', { id: 'web', pendingDelete: true, markedAt: 'm2' });
    tables.put('tasks', { serviceId: 'web', id: 't1' });
    await parentUpdated('services', record(image(), image(m1), 1), record(image(m1), image(m2), 2));
    expect(log.filter(({ decision }) => decision === 'draining')).toMatchObject([
      { parent: 'service#web', records: 2 },
    ]);
  });

  it('gives a mark its time before anything else that could fail', async () => {
    const { parentUpdated, tables, requests } = house(({ request }) => {
      if (request === 'readAttachments') throw new Error('no answer');
    });
    tables.put('services', { id: 'web', pendingDelete: true });
    expect(await parentUpdated('services', record(undefined, image({ marked: true }, 'front'), 5))).toEqual(
      failures('5'),
    );
    expect(tables.get('services', { id: 'web' })?.markedAt).toBe('2026-01-01T00:00:00.000Z#fresh-1');
    expect(requests().slice(-3)).toEqual(['stampMark', 'readItem', 'readAttachments']);
  });

  it('leaves the time that a mark has', async () => {
    const { parentUpdated, requests } = house();
    await parentUpdated(
      'services',
      record(image(), image(m1)),
      record(image(m1), image(), 2),
      record(image(), undefined, 3),
    );
    expect(requests()).not.toContain('stampMark');
  });

  it('heals before it settles, so that what is finalized is whole', async () => {
    const { parentUpdated, tables, requests } = house();
    tables.put('networks', { id: 'front' });
    tables.put('services', {
      id: 'web',
      spec: { networks: [{ target: 'front' }] },
      ...{ pendingDelete: true, markedAt: 'm1' },
    });
    tables.put('tasks', { serviceId: 'web', id: 't1' });
    await parentUpdated('services', record(undefined, image(m1, 'front')));
    expect(requests().indexOf('heal')).toBeGreaterThan(-1);
    expect(requests().indexOf('heal')).toBeLessThan(requests().indexOf('openCounter'));
    expect(tables.get('attachments', { held: 'network#front', holder: 'service#web' })).toBeDefined();
  });

  it('never heals a network: it refers to nothing', async () => {
    const { parentUpdated, requests } = house();
    expect(await parentUpdated('networks', record(undefined, image({}, 'front')))).toEqual(failures());
    expect(await parentUpdated('networks', record(image({}, 'front'), image(m1, 'back')))).toEqual(failures());
    expect(requests()).toContain('openCounter');
    expect(requests()).not.toContain('readAttachments');
  });

  it('fails the records of a parent that could not be healed, and does not settle it', async () => {
    const { parentUpdated, requests } = house(({ request }) => {
      if (request === 'readAttachments') throw new Error('no answer');
    });
    expect(await parentUpdated('services', record(undefined, image(m1, 'front'), 5))).toEqual(failures('5'));
    expect(requests()).not.toContain('openCounter');
  });

  it('fails a record without its images alone', async () => {
    const { parentUpdated, log } = house();
    const keysOnly = { eventName: 'MODIFY', dynamodb: { SequenceNumber: '2', Keys: { id: { S: 'web' } } } };
    expect(await parentUpdated('services', record(image(), image(m1), 1), keysOnly)).toEqual(failures('2'));
    expect(log.some(({ decision }) => decision === 'absent')).toBe(true);
  });
});
