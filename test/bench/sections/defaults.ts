/** Why the mappings' defaults are what they are: latency against cost, one option at a time. */

import { MEMORY_MEGABYTES_DEFAULT } from '../../../lib/infra/functions.ts';
import { BATCH_RECORDS_DEFAULT, STREAMS } from '../../../lib/infra/mappings.ts';
import { PARENTS_IN_PARALLEL } from '../../../lib/protocol/limits.ts';
import { linesSvg } from '../plot.ts';
import type { Progress, Section } from '../report.ts';
import { type Load, type MappingChoice, runStream, type StreamRun } from '../stream-run.ts';
import { count } from '../workloads.ts';

const DEFAULTS: MappingChoice = {
  batchRecords: BATCH_RECORDS_DEFAULT,
  windowMillis: STREAMS['task-deleted'].maxBatchingWindow.toMilliseconds(),
  parallelization: 1,
  inBatch: PARENTS_IN_PARALLEL,
  megabytes: MEMORY_MEGABYTES_DEFAULT,
};

/** What each option is tried at, the others at their defaults. */
const TRIED: Readonly<Record<keyof MappingChoice, readonly number[]>> = {
  batchRecords: [100, 1000, 4000, 10_000],
  windowMillis: [0, 1000, 2000, 5000],
  parallelization: [1, 2, 4, 10],
  inBatch: [1, 4, 16],
  megabytes: [256, 512, 1024, 1769],
};

const NAMES: Readonly<Record<keyof MappingChoice, string>> = {
  batchRecords: 'batch size',
  windowMillis: 'window, ms',
  parallelization: 'parallelization',
  inBatch: 'in-batch concurrency',
  megabytes: 'memory, MB',
};

const LOADS: readonly Load[] = [
  { name: 'steady', services: 200, tasksPerService: 50, deletesPerSecond: 500 },
  { name: 'burst', services: 2000, tasksPerService: 5, deletesPerSecond: 5000 },
];
const SMALL: readonly Load[] = [{ name: 'steady', services: 10, tasksPerService: 10, deletesPerSecond: 500 }];

const ABOUT = `Draining services lose their tasks in random order, ${LOADS.map(
  ({ name, services, tasksPerService, deletesPerSecond }) =>
    `${name}: ${count(services)} services × ${tasksPerService} tasks, ${count(deletesPerSecond)} deletes a second`,
).join(
  '; ',
)}. One shard, polled four times a second, up to 1,000 records a poll; AWS-like latencies, in virtual time. Latency is from the \
delete of a service's last task to the service's own. The processor, not DynamoDB, is what a burst waits for: hence a whole \
core, and no more than 16 parents side by side.`;

export async function defaultsSection(quick: boolean, progress: Progress): Promise<Section> {
  const loads = quick ? SMALL : LOADS;
  const options = Object.keys(TRIED) as (keyof MappingChoice)[];
  const runs: { option: keyof MappingChoice; run: StreamRun }[] = [];
  const all = loads.flatMap((load) =>
    options.flatMap((option) =>
      TRIED[option].map((value) => ({ load, option, choice: { ...DEFAULTS, [option]: value } })),
    ),
  );
  for (const { load, option, choice } of all) {
    runs.push({ option, run: await runStream(load, choice) });
    progress(runs.length / all.length);
  }
  return {
    title: 'Why these defaults',
    about: ABOUT,
    tables: loads.map((load) => ({
      title: load.name,
      head: ['option', 'median s', '99 of 100, s', 'invocations', 'write units', '$ per million deletes'],
      rows: runs
        .filter(({ run }) => run.load === load)
        .map(({ option, run }) => [
          `${NAMES[option]} ${count(run.choice[option])}${run.choice[option] === DEFAULTS[option] ? ' (default)' : ''}`,
          (run.medianMillis / 1000).toFixed(2),
          (run.slowMillis / 1000).toFixed(2),
          count(run.usage.invocations),
          count(run.usage.writeUnits),
          run.dollarsPerMillionDeletes.toFixed(3),
        ]),
    })),
    pictures: loads.map((load) => ({
      file: `defaults-${load.name}.svg`,
      title: `latency against cost, ${load.name}`,
      svg: linesSvg({
        title: `Latency against cost, ${load.name}`,
        x: 'dollars per million deletes',
        y: 'seconds from the last task to the service’s deletion, 99 of 100',
        series: options.map((tried) => ({
          name: NAMES[tried],
          points: runs
            .filter(({ option, run }) => option === tried && run.load === load)
            .map(({ run }) => [run.dollarsPerMillionDeletes, run.slowMillis / 1000, count(run.choice[tried])] as const),
        })),
      }),
    })),
  };
}
