/** A guarded item that holds something, has ended and is deleted: what it held must not go on being attached to it. */
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
