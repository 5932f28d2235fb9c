/**
 * A service of 100,000 tasks, drained as its stream tells of it. On tables in memory: Amazon's own engine takes many minutes for
 * so many writes, and so drains 12,000 in the drill beside this one.
 */
import { expect, it } from 'vitest';
import { chunks } from '../../lib/protocol/parallel.ts';
import { ours } from '../bench/contenders/ours.ts';
import { Stage } from '../bench/stage.ts';
import { prepare, tasksOf, workloads } from '../bench/workloads.ts';

const TASKS = 100_000;
/** What one poll of a stream brings. */
const BATCH_RECORDS = 1000;

it('a service of 100,000 tasks drains in a write a batch and a count of one page for each 10,000', async () => {
  let counts = 0;
  const stage = new Stage(ours, {
    onSent: ({ operation, readUnits }) => {
      if (operation !== 'Query' || readUnits === 0) return;
      counts++;
      expect(readUnits).toBeLessThanOrEqual(256); // 1 MB, strongly consistent
    },
  });
  const workload = workloads().find(({ name }) => name === 'one-service');
  if (workload === undefined) throw new Error('the bench has no such workload');
  await prepare(stage, { ...workload, tasksPerService: TASKS });
  stage.takeUsage();
  counts = 0;
  const batches = chunks(tasksOf(0, { tasksPerService: TASKS }), BATCH_RECORDS);
  for (const [n, batch] of batches.entries()) {
    expect(stage.tables.rows('services').size, `after ${n} of ${batches.length} batches`).toBe(1);
    for (const task of batch) stage.write('tasks', task, undefined);
    await stage.deliver();
  }
  expect(stage.tables.rows('services').size).toBe(0);
  expect([...stage.tables.rows('counters').values()].filter(({ epoch }) => epoch !== undefined)).toEqual([]);
  const pages = TASKS / 10_000; // not by the constant: a smaller page would then be allowed more counts
  expect(counts).toBeLessThanOrEqual(pages + 1); // the last finds none
  expect(stage.takeUsage().counterWrites).toBeLessThanOrEqual(batches.length + pages);
});
