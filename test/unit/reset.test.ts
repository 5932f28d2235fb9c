/** A counter that a raw write has overwritten is reset beside everybody else: 100 orders of all requests, drawn by seed. */
import { expect, it } from 'vitest';
import { isCounter } from '../../lib/dynamodb/items.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { settle } from '../../lib/protocol/settle.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { settleNamed } from '../../lib/protocol/sweep.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { random as randomOf } from '../../lib/testing/simulation/random.ts';
import { wrapStore } from '../support/faults.ts';
import { service, task } from '../support/objects.ts';

const WEB: ItemKey = { kind: 'service', id: 'web' };
const TASKS = ['t1', 't2', 't3'];
const JUNK = [{ remaining: 'two', epoch: 'e0' }, { remaining: 2.5, epoch: 'e0' }, { remaining: 9 }];
const OPTIONS = { onSettled: () => {}, onFailed: () => {}, onTold: () => {} };

/** @param epoch what a reset writes, in place of the fresh epoch; for a mistake that must be found */
async function run(seed: number, epoch?: string): Promise<string[]> {
  const random = randomOf(seed);
  const tables = new MemoryTables();
  tables.put('services', service('web', [], { pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' }));
  for (const id of TASKS) tables.put('tasks', task('web', id));
  const chance = testChance();
  const waiting: (() => void)[] = [];
  const turn = () => new Promise<void>((resolve) => waiting.push(resolve));
  const inner = memoryStore(tables, { chance });
  const reset: Store['resetUnreadable'] = inner.resetUnreadable.bind(inner);
  const mistaken: Pick<Store, 'resetUnreadable'> = {
    resetUnreadable: (key, fresh) => reset(key, { ...fresh, ...(epoch && { epoch }) }),
  };
  const store = wrapStore(epoch === undefined ? inner : Object.assign(inner, mistaken), async (_, call) => {
    await turn();
    return call();
  });
  const counter = () => tables.get('counters', { id: 'service#web' });
  const isUnreadable = () => counter() !== undefined && !isCounter(counter());
  let uncounted = 0;
  const ignored = () => undefined; // its record comes again, or the last repair makes up for it
  /** What the function does with one task's record: again and again until the count is done. */
  const count = async () => {
    for (let tries = 0; tries < 200; tries++) {
      const counted = await store.decrement(WEB, 1, 'now').then((after) => ({ after }), ignored);
      if (counted === undefined) continue;
      uncounted--;
      if (counted.after !== undefined && counted.after.remaining <= 0) await settle(store, chance, WEB).catch(ignored);
      return;
    }
  };
  const processes = [
    settle(store, chance, WEB).catch(ignored),
    settle(store, chance, WEB).catch(ignored),
    ...TASKS.map(async (id) => {
      await turn();
      tables.delete('tasks', { serviceId: 'web', id });
      uncounted++;
      await count();
    }),
    ...JUNK.slice(0, 1 + (seed % JUNK.length)).map(async (junk, n) => {
      for (let wait = 0; wait < n * 4; wait++) await turn();
      await turn();
      if (counter() !== undefined) tables.put('counters', { id: 'service#web', ...junk });
      // Who repairs looks again: the removals that are tried again and again may have been in between each time.
      for (let tries = 0; tries === 0 || (isUnreadable() && tries < 100); tries++) {
        await settleNamed(store, chance, [WEB], OPTIONS);
      }
    }),
  ];
  let isDone = false;
  const all = Promise.all(processes).finally(() => {
    isDone = true;
  });
  const broken: string[] = [];
  while (!isDone) {
    await new Promise(setImmediate);
    waiting.splice(Math.floor(random() * waiting.length), 1)[0]?.();
    await new Promise(setImmediate);
    const found = counter();
    const most = tables.list('tasks').length + uncounted;
    if (isCounter(found) && Number(found?.remaining) > most) broken.push(`S7: ${found?.remaining} > ${most}`);
    if (tables.list('services').length === 0 && tables.list('tasks').length > 0) broken.push('S1');
  }
  await all;
  if (tables.list('services').length > 0) broken.push('L1: it is still there');
  return broken;
}

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);

it('S7 L1 a reset leaves no counter too high, and nobody waiting, in any order', async () => {
  for (const seed of SEEDS) expect(await run(seed), `seed ${seed}`).toEqual([]);
});

it('and a reset under the epoch of the former counter is found to break S7', async () => {
  const broken: string[] = [];
  for (const seed of SEEDS) broken.push(...(await run(seed, 'fresh-1')));
  expect(broken).toContainEqual(expect.stringMatching(/^S7/));
});
