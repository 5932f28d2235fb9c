/**
 * Late, duplicated and reordered records, handlers that overlap, and processes that die: the real handlers under seeded
 * schedules that pick who goes on at every request. Safety is checked at every step; then faults stop, everything is
 * delivered, and the world must be at rest as promised (L1, or L2 with one sweep where records were dropped).
 */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { checkAlways, checkRest } from '../../lib/protocol/invariants.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import { amountOf, shareOf } from '../support/amount.ts';
import { Crash, wrapStore } from '../support/faults.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { memoryWriters } from '../support/memory-writers.ts';

/** Some: test/simulation tells the many, with the real client. */
const SCHEDULES = amountOf('schedules on a store');
/** Short schedules end in more states: a long one gives every lost wake-up a later record that hides it. */
const STEPS_MIN = 15;
const STEPS_MAX = 80;
const HANDLERS_MAX = 4;
const STREAMS = ['tasks', 'attachments', 'services', 'networks'] as const satisfies TableName[];

interface Turn {
  take(): void;
  die(): void;
}

interface Dials {
  readonly duplicates: boolean;
  readonly crashes: boolean;
  readonly drops: boolean;
}

const exercised = { steps: 0, batches: 0, duplicates: 0, crashes: 0, drops: 0, deleted: 0, recounts: 0, yielded: 0 };

async function run(seed: number, dials: Dials): Promise<{ violations: Violation[]; story: string[] }> {
  const random = testChance(seed);
  // Small worlds, so that the same parents meet often.
  const services = ['web', 'api'].slice(0, 1 + (seed % 2));
  const networks = ['front', 'back'].slice(0, seed % 3);
  const tasks = ['t1', 't2', 't3'].slice(0, 1 + (seed % 3));
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)] as T;
  const turns: Turn[] = [];
  let running = 0;
  let isFree = false;

  // A request waits for its turn before it is carried out and again before its answer arrives, and may die at either.
  const backend = memoryBackend({
    seed,
    wrap: (store) =>
      wrapStore(store, async (_, call) => {
        if (isFree) return call();
        await waitTurn();
        const answer = await call();
        await waitTurn();
        return answer;
      }),
  });
  const waitTurn = () =>
    new Promise<void>((resolve, reject) => {
      turns.push({ take: resolve, die: () => reject(new Crash('the process died')) });
    });
  let marks = 0;
  const write = memoryWriters(backend.tables, () => `m${++marks}`);
  const { streams } = backend.tables;
  const inFlight = new Set<readonly LambdaRecord[]>();
  const delivered: { table: TableName; record: LambdaRecord }[] = [];
  const story: string[] = [];
  const violations = backend.violations;
  let wasDropped = false;

  const unprocessed = (parent: ItemKey): number => {
    const [table, attribute, value] =
      parent.kind === 'service'
        ? (['tasks', 'serviceId', parent.id] as const)
        : (['attachments', 'held', `network#${parent.id}`] as const);
    const isOurs = ({ eventName, dynamodb }: LambdaRecord) =>
      eventName === 'REMOVE' && (dynamodb.Keys as Record<string, { S: string }>)[attribute]?.S === value;
    return [...streams[table], ...[...inFlight].flat()].filter(isOurs).length;
  };

  const invoke = (table: TableName, batch: readonly LambdaRecord[]) => {
    running++;
    exercised.batches++;
    inFlight.add(batch);
    const giveBack = (failed: ReadonlySet<string> | undefined) => {
      inFlight.delete(batch);
      running--;
      const again = batch.filter(({ dynamodb }) => failed?.has(dynamodb.SequenceNumber) ?? true);
      streams[table].push(...again);
    };
    backend.invoke(table, batch).then(
      ({ batchItemFailures }) => giveBack(new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))),
      () => giveBack(undefined),
    );
  };

  const actions: readonly (() => string | false)[] = [
    () =>
      write.createService(
        pick(services),
        networks.filter(() => random.fraction() < 0.6),
      ) && 'create service',
    () => networks.length > 0 && write.createNetwork(pick(networks)) && 'create network',
    () => write.createTask(pick(services), pick(tasks)) && 'create task',
    () => write.deleteTask(pick(services), pick(tasks)) && 'delete task',
    () => write.deleteTask(pick(services), pick(tasks)) && 'delete task',
    () => write.mark('services', pick(services)) && 'mark service',
    () => networks.length > 0 && write.mark('networks', pick(networks)) && 'mark network',
    () => random.fraction() < 0.3 && write.undelete('services', pick(services)) && 'undelete service',
    () =>
      random.fraction() < 0.3 &&
      networks.length > 0 &&
      write.undelete('networks', pick(networks)) &&
      'undelete network',
    () =>
      random.fraction() < 0.3 &&
      write.updateService(
        pick(services),
        networks.filter(() => random.fraction() < 0.5),
      ) &&
      'update service',
  ];

  const step = (): string | false => {
    const dice = random.fraction();
    if (turns.length > 0 && dice < 0.6) {
      const [turn] = turns.splice(Math.floor(random.fraction() * turns.length), 1);
      if (dials.crashes && random.fraction() < 0.03) {
        exercised.crashes++;
        turn?.die();
        return 'a request dies';
      }
      turn?.take();
      return 'a request goes on';
    }
    if (dice < 0.8) return pick(actions)();
    const table = pick(STREAMS);
    const waiting = streams[table];
    if (dials.duplicates && delivered.length > 0 && random.fraction() < 0.15) {
      const again = pick(delivered);
      exercised.duplicates++;
      if (running < HANDLERS_MAX) invoke(again.table, [again.record]);
      return 'a record comes again';
    }
    if (waiting.length === 0) return false;
    const first = Math.floor(random.fraction() * waiting.length);
    const batch = waiting.splice(first, 1 + Math.floor(random.fraction() * 3));
    if (dials.drops && random.fraction() < 0.15) {
      exercised.drops++;
      wasDropped = true;
      return 'a record is lost';
    }
    if (running >= HANDLERS_MAX) {
      waiting.unshift(...batch);
      return false;
    }
    delivered.push(...batch.map((record) => ({ table, record })));
    invoke(table, batch);
    return `${table} deliver ${batch.length}`;
  };

  const steps = STEPS_MIN + Math.floor(random.fraction() * (STEPS_MAX - STEPS_MIN));
  for (let n = 0; n < steps; n++) {
    const done = step();
    if (done === false) continue;
    exercised.steps++;
    story.push(done);
    await setImmediate();
    if (!wasDropped) violations.push(...checkAlways(backend.tables.world(), unprocessed));
    if (violations.length > 0) return { violations, story };
  }

  // Faults stop: whoever waits goes on, everything is delivered.
  isFree = true;
  while (running > 0) {
    for (const turn of turns.splice(0)) turn.take();
    await setImmediate();
  }
  await backend.deliver();
  if (wasDropped) {
    const { failed, complete } = await backend.sweep({ restart: true });
    if (!complete || failed.length > 0) throw new Error(`the sweep did not finish: ${JSON.stringify(failed)}`);
    await backend.deliver();
  }
  for (const line of backend.log) {
    if (line.decision === 'deleted') exercised.deleted++;
    if (line.decision === 'yielded') exercised.yielded++;
    exercised.recounts += Number(line.recounts ?? 0);
  }
  return { violations: [...violations, ...checkRest(backend.tables.world())], story };
}

describe.each<[string, Dials]>([
  ['in any order', { duplicates: false, crashes: false, drops: false }],
  ['with duplicates and crashes', { duplicates: true, crashes: true, drops: false }],
  ['with duplicates, crashes and lost records, then one sweep', { duplicates: true, crashes: true, drops: true }],
])('records %s', (_, dials) => {
  it(`keep every promise in ${SCHEDULES} schedules`, async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { violations, story } = await run(seed, dials);
      const told = story.map((line, n) => `${n + 1}. ${line}`).join('\n');
      expect(violations, `seed ${seed}:\n${told}`).toEqual([]);
    }
  });
});

it('the schedules were not idle', () => {
  const few = 20 * shareOf('schedules on a store');
  expect(exercised.deleted).toBeGreaterThan(5 * few);
  expect(exercised.recounts).toBeGreaterThan(few);
  expect(exercised.duplicates).toBeGreaterThan(few);
  expect(exercised.crashes).toBeGreaterThan(few);
  expect(exercised.drops).toBeGreaterThan(few);
  expect(exercised.yielded).toBeGreaterThan(0);
});
