/** A process of its own for a row of schedules, with a mutant of the product's code if it is told to. */

import { MUTANTS } from './mutants.ts';
import { mutate } from './mutate.ts';
import type { Job, Report } from './schedules.ts';

export interface Order {
  readonly job: Job;
  readonly mutant: string | undefined;
}

export type News = { readonly done: number } | { readonly report: Report } | { readonly error: string };

/** Schedules between two messages of progress. */
const PROGRESS_SCHEDULES = 100;

// Whoever gave the order is gone.
process.on('disconnect', () => process.exit());

process.on('message', ({ job, mutant }: Order) => {
  const tell = (news: News) => process.send?.(news);
  const work = async () => {
    const found = MUTANTS.find(({ name }) => name === mutant);
    if (mutant !== undefined && found === undefined) throw new Error(`there is no mutant "${mutant}"`);
    if (found !== undefined) mutate(found);
    // Only now: a module that is loaded already can't be mutated any more.
    const { runSchedules } = await import('./schedules.ts');
    return runSchedules(job, (done) => {
      if (done % PROGRESS_SCHEDULES === 0) tell({ done });
    });
  };
  work()
    .then(
      (report) => tell({ report }),
      (error: unknown) => tell({ error: error instanceof Error ? error.message : String(error) }),
    )
    .finally(() => process.disconnect());
});
