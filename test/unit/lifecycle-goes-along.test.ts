/** What goes along with an item of kinds of one's own, what is only let go of, and what must not go. */
import { expect, it } from 'vitest';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { settle } from '../../lib/protocol/settle.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

/** A course keeps its room until it is over, and itself as long as lessons lie under it. */
const SCHOOL: Lifecycle = {
  kinds: {
    room: { table: 'rooms', key: { id: '${room}' } },
    course: {
      table: 'courses',
      key: { id: '${course}' },
      dependsOn: [{ kind: 'room', by: 'value', at: 'roomId' }],
      goneWhen: { at: 'state', isOneOf: ['over'] },
    },
    lesson: {
      table: 'lessons',
      key: { id: '${course}', day: '${lesson}' },
      dependsOn: [{ kind: 'course', by: 'key' }],
    },
  },
};
const MARK = { pendingDelete: true, markedAt: '2025-12-31T00:00:00.000Z#m' };

it('S4 S6 goes with its attachment, although the records of its end were lost', async () => {
  const plan: Plan = planOf(SCHOOL);
  const tables = new MemoryTables(0, plan);
  tables.put('rooms', { id: 'r1', ...MARK });
  tables.put('courses', { id: 'c1', roomId: 'r1', state: 'over', ...MARK });
  tables.put('attachments', { held: 'room#r1', holder: 'course#c1' });
  const settled = await settle(memoryStore(tables), testChance(), { kind: 'course', id: 'c1' });
  expect(settled).toMatchObject({ outcome: 'deleted', freed: [{ kind: 'room', id: 'r1' }], leftToHeal: 0 });
  for (const table of ['rooms', 'courses', 'attachments', 'counters']) expect(tables.list(table)).toEqual([]);
});

/** A drive is kept by the hosts that hold it, and by the folders that lie under it. */
const DRIVES: Lifecycle = {
  kinds: {
    drive: { table: 'drives', key: { id: '${drive}' } },
    folder: { table: 'folders', key: { id: '${drive}', name: '${folder}' }, dependsOn: [{ kind: 'drive', by: 'key' }] },
    host: { table: 'hosts', key: { id: '${host}' }, dependsOn: [{ kind: 'drive', by: 'value', at: 'driveId' }] },
    job: { table: 'jobs', key: { id: '${host}', job: '${job}' }, dependsOn: [{ kind: 'host', by: 'key' }] },
  },
};

it('S1 lets go of what something else may lie under, and leaves it to its own count', async () => {
  const plan: Plan = planOf(DRIVES);
  const tables = new MemoryTables(0, plan);
  tables.put('drives', { id: 'd1', ...MARK });
  tables.put('folders', { id: 'd1', name: 'f1' });
  tables.put('hosts', { id: 'h1', driveId: 'd1', ...MARK });
  tables.put('attachments', { held: 'drive#d1', holder: 'host#h1' });
  const settled = await settle(memoryStore(tables), testChance(), { kind: 'host', id: 'h1' });
  expect(settled).toMatchObject({ outcome: 'deleted', freed: [] });
  expect(tables.list('drives')).toMatchObject([{ id: 'd1' }]);
  expect(tables.list('attachments')).toEqual([]);
});
