/** What grows with what: a task's share, and a sweep's reads. */
import { measureFlatness } from '../flatness.ts';
import type { Measured } from '../measure.ts';
import { figure, linesSvg } from '../plot.ts';
import { dollarsOf } from '../prices.ts';
import type { Progress, Section } from '../report.ts';
import { measureSweep, type SweepCost } from '../sweep-cost.ts';
import { plus } from '../usage.ts';

const ABOUT = `Services of 100 tasks each, removed one after another, marks included: the same code on tables in memory, up to \
the largest. A sweep is given a few marked objects among very many that are not; it finds them in a sparse index, while a full \
sweep, or any other look without an index, reads the tables whole.`;

interface Sizes {
  readonly tasks: readonly number[];
  readonly unmarked: readonly number[];
  readonly marked: number;
}

export const FULL_SIZES: Sizes = {
  tasks: [100, 1000, 10_000, 100_000, 1_000_000],
  unmarked: [1000, 1_000_000],
  marked: 100,
};
export const QUICK_SIZES: Sizes = { tasks: [100, 1000], unmarked: [100, 1000], marked: 10 };

function rowOf({ marks, deletes, taskDeletes }: Measured): string[] {
  const all = plus(marks, deletes);
  const perTask = (value: number) => (value / taskDeletes).toFixed(4);
  return [
    figure(taskDeletes),
    perTask(all.requests),
    perTask(all.readUnits),
    perTask(all.writeUnits),
    ((dollarsOf(all) / taskDeletes) * 1e6).toFixed(4),
  ];
}

export async function growthSection({ tasks, unmarked, marked }: Sizes, progress: Progress): Promise<Section> {
  const flat: Measured[] = [];
  // The time goes with the size, and the largest takes nearly all of it.
  const whole = [...tasks, ...unmarked].reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const size of tasks) {
    flat.push(await measureFlatness(size));
    done += size;
    progress(done / whole);
  }
  const sweeps: SweepCost[] = [];
  for (const size of unmarked) {
    sweeps.push(await measureSweep(size, marked));
    done += size;
    progress(done / whole);
  }
  const perTask = (name: 'writeUnits' | 'readUnits') => ({
    name: name === 'writeUnits' ? 'write units a task' : 'read units a task',
    points: flat.map(
      ({ marks, deletes, taskDeletes }) => [taskDeletes, plus(marks, deletes)[name] / taskDeletes] as const,
    ),
  });
  return {
    title: 'What grows with what',
    about: ABOUT,
    tables: [
      {
        title: 'A task’s share',
        head: ['tasks', 'requests', 'read units', 'write units', '$ per million tasks'],
        rows: flat.map(rowOf),
      },
      {
        title: `A sweep with ${marked} marked objects`,
        head: ['unmarked objects', 'requests', 'read units', 'read units of a full sweep'],
        rows: sweeps.map(({ unmarked: size, sweep, fullSweep }) =>
          [size, sweep.requests, sweep.readUnits, fullSweep.readUnits].map(figure),
        ),
      },
    ],
    pictures: [
      {
        file: 'growth.svg',
        title: 'units a task, by number of tasks',
        svg: linesSvg({
          title: 'A task’s share of the cost stays the same',
          x: 'tasks',
          y: 'units a task',
          series: [perTask('writeUnits'), perTask('readUnits')],
        }),
      },
    ],
  };
}
