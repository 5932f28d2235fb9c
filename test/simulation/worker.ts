/** A process of its own for a row of schedules, with a mutant of the product's code if it is told to. */

import { findMutant } from './mutants.ts';
import { type Job, type Report, runSchedules } from './schedules.ts';

export interface Order {
  readonly job: Omit<Job, 'mistake'>;
  readonly mutant: string | undefined;
}

export type News = { readonly done: number } | { readonly report: Report } | { readonly error: string };

/** Schedules between two messages of progress. */
const PROGRESS_SCHEDULES = 100;

// The process that gave the order is gone.
process.on('disconnect', () => process.exit());

process.on('message', ({ job, mutant }: Order) => {
  const tell = (news: News) => process.send?.(news);
  const work = async () => {
    return runSchedules({ ...job, mistake: findMutant(mutant) }, (done) => {
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
