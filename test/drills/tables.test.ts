/** What may happen to tables: a drain larger than a count's page, and a backup of another moment. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { checkRest, type World } from '../../lib/protocol/invariants.ts';
import { CHILD_COUNT_PAGE_ITEMS } from '../../lib/protocol/limits.ts';
import { type Drill, HOUR_MILLIS, startDrill } from './drill.ts';

const TWO_DAYS_AGO = `${new Date(Date.now() - 48 * HOUR_MILLIS).toISOString()}#raw`;

let drill: Drill;
beforeEach(async () => {
  drill = await startDrill();
  expect(drill.ringing()).toEqual([]);
});
afterEach(() => drill.close());

it('a hot service rings once its mark is a day old, drains beyond a count’s page, and costs few writes', async () => {
  const tasks = Array.from({ length: CHILD_COUNT_PAGE_ITEMS + 2_000 }, (_, n) => ({ serviceId: 'hot', id: `t${n}` }));
  await drill.writeAll('tasks', tasks, 'put');
  await drill.put('services', { id: 'hot', pendingDelete: true, markedAt: TWO_DAYS_AGO });
  await drill.deliver();
  await drill.sweep();
  expect(drill.ringing()).toEqual(['OldestMark']);
  const recountsBefore = drill.sum('Recounts');

  await drill.writeAll('tasks', tasks, 'delete');
  await drill.deliver();
  expect(await drill.world()).toMatchObject({ services: [], tasks: [], counters: [] });
  expect(drill.sum('Decrements')).toBeLessThan(tasks.length / 4);
  // Each page is counted once, and once more where removals came between.
  expect(drill.sum('Recounts') - recountsBefore).toBeLessThan(10);
  expect(await drill.ringingLater()).toEqual([]);
});

describe('a restore', () => {
  const RESTORED: readonly TableName[] = ['services', 'tasks', 'networks', 'attachments', 'receipts'];

  /** A deployment in the middle of its life: one service drains, one lives, both on one network. */
  async function live(): Promise<void> {
    const { client } = drill;
    await client.createNetwork({ id: 'front' });
    for (const id of ['old', 'new']) {
      await client.createService({ id, spec: { task: { networks: [{ target: 'front' }] } } });
      await client.createTask(id, { id: 't1' });
    }
    await client.removeService('old');
    await drill.deliver();
  }

  async function restore(backup: World): Promise<Drill> {
    const restored = await startDrill();
    for (const table of RESTORED) {
      const items = (backup[table as keyof World] ?? []) as unknown as Record<string, unknown>[];
      await restored.writeAll(table, items, 'put');
    }
    return restored;
  }

  it('of all tables to one moment goes on from there, without the counters', async () => {
    await live();
    const backup = await drill.world();
    const restored = await restore(backup);
    try {
      await restored.deliver();
      expect(await restored.sweep({ full: true })).toMatchObject({ complete: true, stillMarked: 1 });
      expect(await restored.findings()).toEqual([]);
      await restored.client.deleteTask('old', 't1');
      await restored.deliver();
      const world = await restored.world();
      expect(world.services.map(({ id }) => id)).toEqual(['new']);
      expect(world.networks.map(({ id }) => id)).toEqual(['front']);
      expect(checkRest(world)).toEqual([]);
      expect(await restored.ringingLater()).toEqual([]);
    } finally {
      await restored.close();
    }
  });

  it('into another Region, of the day before the first was lost in mid-drain, deletes nothing too early and all in the end', async () => {
    await live();
    const dayBefore = await drill.world();
    // All of it is lost: what the functions did, what they were never told, and what was begun after the backup.
    await drill.client.removeNetwork('front', { whenInUse: 'wait' });
    await drill.client.deleteTask('old', 't1');
    await drill.deliver();
    drill.loseRecords(true);
    await drill.client.removeService('new');
    await drill.client.deleteTask('new', 't1');
    await drill.client.createService({ id: 'newest' });

    const elsewhere = await restore(dayBefore);
    try {
      await elsewhere.deliver();
      expect(await elsewhere.sweep({ full: true })).toMatchObject({ complete: true, deletedCount: 0, stillMarked: 1 });
      expect(await elsewhere.findings()).toEqual([]);
      const { client } = elsewhere;
      await expect(client.createTask('old', { id: 't2' })).rejects.toMatchObject({ code: 'FailedPrecondition' });
      // The writers go on there: tasks that did not survive are deleted, and what was asked for since is asked for again.
      await client.removeService('new');
      await client.removeNetwork('front', { whenInUse: 'wait' });
      for (const id of ['old', 'new']) await client.deleteTask(id, 't1');
      await elsewhere.deliver();
      const { services, networks, tasks, attachments, counters } = await elsewhere.world();
      expect([services, networks, tasks, attachments, counters].flat()).toEqual([]);
      expect(await elsewhere.ringingLater()).toEqual([]);
    } finally {
      await elsewhere.close();
    }
  });

  it('of one table alone brings back what fits nothing, and an audit names it', async () => {
    await live();
    const backup = await drill.world();
    await drill.client.deleteTask('old', 't1');
    await drill.deliver();
    const now = await drill.world();
    const restored = await restore({ ...now, tasks: backup.tasks, attachments: backup.attachments });
    try {
      await restored.deliver();
      expect((await restored.findings()).map(({ problem }) => problem).sort()).toEqual([
        'orphan task',
        'stale attachment',
      ]);
    } finally {
      await restored.close();
    }
  });
});
