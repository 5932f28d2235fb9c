/** What a deployment may choose, and what people may hold on to: told on the real handlers, over tables in memory. */

import { describe, expect, it } from 'vitest';
import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import { TELLS_PER_TRANSACTION_MAX } from '../../lib/protocol/limits.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { memoryWriters } from '../support/memory-writers.ts';
import { service, task } from '../support/objects.ts';

const START = '2026-01-01T00:00:00.000Z';

function told({ gracePeriodMillis = 0, ...choices }: SwarmkitOptions & { readonly gracePeriodMillis?: number } = {}) {
  const backend = memoryBackend({ rules: { ...DEFAULT_RULES, gracePeriodMillis }, choices });
  let marks = 0;
  const write = memoryWriters(backend.tables, () => `${START}#${++marks}`);
  const change = async (table: 'services' | 'networks' | 'tasks', keys: Record<string, string>, more: object) => {
    const item = { ...backend.tables.get(table, keys), ...more };
    backend.tables.put(table, item);
    await backend.deliver();
  };
  const left = async () => {
    expect(backend.violations).toEqual([]);
    const { services, networks } = await backend.world();
    return [...services, ...networks].map(({ id }) => id);
  };
  const receipts = async () => ((await backend.world()).receipts ?? []) as unknown as Record<string, unknown>[];
  return { backend, write, change, left, receipts };
}

const desired = ({ tasks }: World) =>
  Object.fromEntries(tasks.map((one) => [one.id, (one as { desiredState?: string }).desiredState]));

describe('a receipt', () => {
  it('S6 tells who wanted what and why, what went together and what stayed, and what set it going', async () => {
    const { backend, write, left, receipts } = told();
    for (const id of ['front', 'side', 'back']) write.createNetwork(id);
    write.createService('web', ['front', 'side', 'back']);
    write.createTask('web', 't1');
    write.mark('networks', 'side');
    const mark = { pendingDelete: true, markedBy: 'ann', markedReason: 'moved to eu-1' };
    backend.tables.put('services', { ...backend.tables.get('services', { id: 'web' }), ...mark, markedAt: 'm1' });
    backend.tables.put('networks', {
      ...backend.tables.get('networks', { id: 'front' }),
      pendingDelete: true,
      markedAt: 'm2',
    });
    await backend.deliver();
    expect(await receipts()).toEqual([]);
    write.deleteTask('web', 't1');
    await backend.deliver();
    expect(await left()).toEqual(['back']);
    expect(await receipts()).toEqual([
      {
        id: 'service#web',
        markedAt: 'm1',
        markedBy: 'ann',
        markedReason: 'moved to eu-1',
        deletedAt: expect.stringMatching(/^2026-01-01T/),
        trigger: 'test',
        freed: [
          { id: 'network#front', markedAt: 'm2' },
          { id: 'network#side', markedAt: `${START}#1` },
        ],
        kept: ['network#back'],
        expiresAt: expect.any(Number),
      },
    ]);
  });

  it('S5 is one for each life of an id, and tells who asked for the sweep that did it', async () => {
    const { backend, write, left, receipts } = told();
    write.createService('web', []);
    write.mark('services', 'web');
    await backend.deliver();
    write.createService('web', []);
    write.mark('services', 'web');
    for (const records of Object.values(backend.tables.streams)) records.length = 0;
    await backend.sweep({ trigger: 'ann' });
    expect(await left()).toEqual([]);
    expect((await receipts()).map(({ markedAt, trigger }) => [markedAt, trigger])).toEqual([
      [`${START}#1`, 'test'],
      [`${START}#2`, 'test: ann'],
    ]);
  });
});

describe('what is protected', () => {
  it('S3 stays under a raw mark, in a sweep, and with its last task; and goes once it is not protected any more', async () => {
    const { backend, write, change, left } = told();
    write.createService('web', []);
    write.createTask('web', 't1');
    await change('services', { id: 'web' }, { protected: true });
    write.mark('services', 'web');
    write.deleteTask('web', 't1');
    await backend.deliver();
    expect(await backend.sweep()).toMatchObject({ deletedCount: 0, stillMarked: 1 });
    expect(await left()).toEqual(['web']);
    expect(backend.log).toContainEqual(expect.objectContaining({ decision: 'held', because: 'protected' }));
    await change('services', { id: 'web' }, { protected: false });
    expect(await left()).toEqual([]);
  });

  it('S3 is not taken along by the service that used it', async () => {
    const { backend, write, change, left } = told();
    write.createNetwork('front');
    write.createService('web', ['front']);
    await change('networks', { id: 'front' }, { protected: true });
    write.mark('networks', 'front');
    write.mark('services', 'web');
    await backend.deliver();
    expect(await left()).toEqual(['front']);
    await change('networks', { id: 'front' }, { protected: undefined });
    expect(await left()).toEqual([]);
  });

  it('S7 has its counter set right by a sweep all the same, when a record was lost', async () => {
    const { backend, write, change, left } = told();
    write.createService('web', []);
    write.createTask('web', 't1');
    write.mark('services', 'web');
    await change('services', { id: 'web' }, { protected: true });
    write.deleteTask('web', 't1');
    backend.tables.streams.tasks.length = 0;
    await backend.sweep();
    expect(backend.tables.get('counters', { id: 'service#web' })).toMatchObject({ remaining: 0 });
    expect(await left()).toEqual(['web']);
  });
});

describe('a grace period', () => {
  const HOUR_MILLIS = 3_600_000;

  it('L2 keeps what is marked until it is over; the first sweep after that deletes it', async () => {
    const { backend, write, left } = told({ gracePeriodMillis: HOUR_MILLIS });
    write.createNetwork('front');
    write.createService('web', ['front']);
    write.mark('services', 'web');
    write.mark('networks', 'front');
    await backend.deliver();
    expect(await backend.sweep()).toMatchObject({ deletedCount: 0, stillMarked: 2 });
    expect(await left()).toEqual(['web', 'front']);
    backend.chance.advance(HOUR_MILLIS);
    expect(await backend.sweep()).toMatchObject({ deletedCount: 2 });
    expect(await left()).toEqual([]);
  });

  it('can be regretted: an undelete in time keeps everything', async () => {
    const { backend, write, left } = told({ gracePeriodMillis: HOUR_MILLIS, stopTasks: true });
    write.createService('web', []);
    write.createTask('web', 't1');
    write.mark('services', 'web');
    await backend.deliver();
    expect(desired(await backend.world())).toEqual({ t1: 'running' });
    write.undelete('services', 'web');
    await backend.deliver();
    backend.chance.advance(HOUR_MILLIS);
    await backend.sweep();
    expect(await left()).toEqual(['web']);
    expect(desired(await backend.world())).toEqual({ t1: 'running' });
  });

  it('of a network outlasts that of the service that lets go of it', async () => {
    const { backend, write, left } = told({ gracePeriodMillis: HOUR_MILLIS });
    write.createNetwork('front');
    write.createService('web', ['front']);
    const marked = (markedAt: string) => ({ pendingDelete: true, markedAt });
    backend.tables.put('services', { ...service('web', ['front']), ...marked('2025-12-31T00:00:00.000Z#1') });
    backend.tables.put('networks', { id: 'front', ...marked(`${START}#2`) });
    await backend.deliver();
    expect(await left()).toEqual(['front']);
    backend.chance.advance(HOUR_MILLIS);
    await backend.sweep();
    expect(await left()).toEqual([]);
  });
});

describe('tasks that have ended', () => {
  const ended = { status: { state: 'complete' } };

  it.each(['deleted', 'terminal'] as const)('hold their service as is chosen: %s', async (taskIsGone) => {
    const { backend, write, change, left } = told({ taskIsGone });
    write.createService('web', []);
    for (const id of ['t1', 't2']) write.createTask('web', id);
    await change('tasks', { serviceId: 'web', id: 't1' }, ended);
    write.mark('services', 'web');
    await backend.deliver();
    await change('tasks', { serviceId: 'web', id: 't2' }, ended);
    expect(await left()).toEqual(taskIsGone === 'deleted' ? ['web'] : []);
  });

  it('S7 count once: when they end, and not again when they are deleted', async () => {
    const { backend, write, change, left } = told({ taskIsGone: 'terminal' });
    write.createService('web', []);
    for (const id of ['t1', 't2', 't3']) write.createTask('web', id);
    write.mark('services', 'web');
    await backend.deliver();
    await change('tasks', { serviceId: 'web', id: 't1' }, ended);
    await change('tasks', { serviceId: 'web', id: 't1' }, { ...ended, exitCode: 0 });
    write.deleteTask('web', 't1');
    await backend.deliver();
    expect(backend.tables.get('counters', { id: 'service#web' })).toMatchObject({ remaining: 2 });
    for (const id of ['t2', 't3']) write.deleteTask('web', id);
    await backend.deliver();
    expect(await left()).toEqual([]);
  });
});

describe('tasks of a marked service', () => {
  it('are told to stop, in several transactions, where that is chosen; the others are left alone', async () => {
    const { backend, write } = told({ stopTasks: true });
    const ids = Array.from({ length: 2 * TELLS_PER_TRANSACTION_MAX + 1 }, (_, n) => `t${n}`);
    for (const name of ['web', 'api']) {
      write.createService(name, []);
      for (const id of ids) write.createTask(name, `${name}.${id}`);
    }
    write.mark('services', 'web');
    await backend.deliver();
    const states = Object.entries(desired(await backend.world()));
    expect(
      states
        .filter(([, state]) => state === 'remove')
        .map(([id]) => id)
        .sort(),
    ).toEqual(ids.map((id) => `web.${id}`).sort());
    expect(states.filter(([, state]) => state === 'running')).toHaveLength(ids.length);
    expect(backend.log).toContainEqual(expect.objectContaining({ decision: 'stopped', tasks: ids.length }));
  });

  it('are told by the sweep when the record of the mark was lost, or a task came later', async () => {
    const { backend, write } = told({ stopTasks: true });
    write.createService('web', []);
    write.createTask('web', 't1');
    write.mark('services', 'web');
    backend.tables.streams.services.length = 0;
    await backend.sweep();
    expect(desired(await backend.world())).toEqual({ t1: 'remove' });
    backend.tables.put('tasks', task('web', 'raw'));
    await backend.sweep();
    expect(desired(await backend.world())).toEqual({ t1: 'remove', raw: 'remove' });
  });

  it('go on running where it is not chosen', async () => {
    const { backend, write } = told();
    write.createService('web', []);
    write.createTask('web', 't1');
    write.mark('services', 'web');
    await backend.deliver();
    await backend.sweep();
    expect(desired(await backend.world())).toEqual({ t1: 'running' });
  });
});

describe('a sweep of named parents', () => {
  it('settles these and no others, and sets the attachments of a named service right', async () => {
    const { backend, write, left } = told();
    write.createNetwork('front');
    for (const id of ['web', 'api']) {
      write.createService(id, ['front']);
      write.mark('services', id);
    }
    backend.tables.delete('attachments', { held: 'network#front', holder: 'service#api' });
    write.undelete('services', 'api');
    for (const records of Object.values(backend.tables.streams)) records.length = 0;
    expect(await backend.sweep({ parents: ['service#api'] })).toMatchObject({
      complete: true,
      settled: 1,
      deleted: [],
    });
    expect(backend.tables.list('attachments')).toHaveLength(2);
    expect(await backend.sweep({ parents: ['service#web'] })).toMatchObject({ deleted: ['service#web'] });
    expect(await left()).toEqual(['api', 'front']);
    expect(await backend.sweep({ parents: ['service#gone'] })).toMatchObject({ settled: 1, failedCount: 0 });
  });

  it.each<[unknown, string]>([
    ['service#web', 'parents is no list'],
    [['web'], 'one of the parents is "web"'],
    [[7], 'one of the parents is 7'],
    [Array.from({ length: 1001 }, () => 'service#web'), 'parents is a list of 1001'],
  ])('is refused for %j, and settles nothing', async (parents, message) => {
    const { backend, write, left } = told();
    write.createService('web', []);
    write.mark('services', 'web');
    await expect(backend.sweep({ parents: parents as string[] })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
    expect(await left()).toEqual(['web']);
  });
});
