/** A deletion that lets go of more than its transaction has room for: the rest goes by the records of its attachments (R72). */
import { expect, it } from 'vitest';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { goingAlongMax, HELD_MAX } from '../../lib/lifecycle/limits.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { sampleItem } from '../../lib/lifecycle/sample-items.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { type LogLine, testPorts } from '../../lib/testing/memory/ports.ts';
import { handlersOf, mappingFilter, streamedTables } from '../../lib/testing/memory/stream-functions.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

const PLAN: Plan = planOf(SWARMKIT_ALL);
const WEB = { kind: 'service', id: 'web' };
const SHARED = ['network', 'secret', 'config'];
const MARK = { pendingDelete: true, markedAt: '2025-12-31T00:00:00.000Z#m' };
const tableOf = ({ kind }: ItemKey) => PLAN.kinds[kind]?.table as string;
const CONTEXT = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };

/** A service that holds as much as one may, all of it marked. */
function full() {
  const tables = new MemoryTables(0, PLAN);
  const things = Array.from({ length: HELD_MAX }, (_, n) => ({
    kind: SHARED[n % SHARED.length] as string,
    id: `t${n}`,
  }));
  for (const thing of things) {
    tables.put(tableOf(thing), { ...sampleItem(PLAN, thing), ...MARK });
    tables.put('attachments', { held: itemName(thing), holder: itemName(WEB) });
    tables.put('counters', { id: itemName(thing), remaining: 1, epoch: 'e1' });
  }
  for (const records of Object.values(tables.streams)) records.length = 0;
  tables.put('services', { ...sampleItem(PLAN, WEB, things), ...MARK });
  const log: LogLine[] = [];
  const ports = testPorts(memoryStore(tables), testChance(), log, DEFAULT_RULES, 'test', PLAN);
  const handlers = handlersOf(ports);
  const isWanted = mappingFilter(PLAN);
  const left = () => things.filter((thing) => tables.list(tableOf(thing)).some(({ id }) => id === thing.id)).length;
  const deliver = async (isLost = (_table: string) => false) => {
    for (let turns = 0; turns < 10; turns++) {
      for (const table of streamedTables(PLAN)) {
        const records = tables.streams[table]?.splice(0).filter((record) => isWanted(table, record)) ?? [];
        if (records.length > 0 && !isLost(table)) await handlers[table]?.({ Records: records }, CONTEXT);
      }
    }
  };
  return { tables, log, left, deliver };
}

it('wakes what had no room in the transaction by the record of its attachment', async () => {
  const { tables, log, left, deliver } = full();
  await deliver();
  expect(log.find(({ decision, parent }) => decision === 'deleted' && parent === 'service#web')?.freed).toHaveLength(
    goingAlongMax(HELD_MAX),
  );
  expect(left()).toBe(0);
  for (const table of ['services', 'attachments', 'counters']) expect(tables.list(table)).toEqual([]);
  expect(tables.list('receipts')).toHaveLength(1 + HELD_MAX - goingAlongMax(HELD_MAX));
});

it('leaves it where that record is lost', async () => {
  const { tables, left, deliver } = full();
  await deliver((table) => table === 'attachments');
  expect(tables.list('services')).toEqual([]);
  expect(tables.list('attachments')).toEqual([]);
  expect(left()).toBe(HELD_MAX - goingAlongMax(HELD_MAX));
});
