/** Why the mappings' defaults are what they are: latency against cost, one option at a time. */
import { SOCKETS_MAX } from '../../../lib/protocol/limits.ts';
import { MAPPING_DEFAULTS, MEMORY_MEGABYTES_DEFAULT } from '../../../lib/streams/functions.ts';
import { TASK_WINDOW_MILLIS } from '../burst.ts';
import { linesSvg } from '../plot.ts';
import { runReal } from '../real-run.ts';
import type { Progress, Section } from '../report.ts';
import { type Load, type MappingChoice, runStream, type StreamRun } from '../stream-run.ts';
import { count } from '../workloads.ts';

const DEFAULTS: MappingChoice = {
  batchRecords: MAPPING_DEFAULTS.batchSize,
  windowMillis: TASK_WINDOW_MILLIS,
  parallelization: 1,
  inBatch: SOCKETS_MAX,
  megabytes: MEMORY_MEGABYTES_DEFAULT,
};

/** What each option is tried at, the others at their defaults. */
const TRIED: Readonly<Record<keyof MappingChoice, readonly number[]>> = {
  batchRecords: [100, 1000, 4000, 10_000],
  windowMillis: [0, 1000, 2000, 5000],
  parallelization: [1, 2, 4, 10],
  inBatch: [4, 16, SOCKETS_MAX],
  megabytes: [256, 512, 1024, 1769],
};

/** What the local cloud is given too, in real time: the same grid would take it a quarter of an hour. */
const TRIED_LOCALLY: readonly Partial<MappingChoice>[] = [
  {},
  { batchRecords: 100 },
  { batchRecords: 1000 },
  { windowMillis: 0 },
  { windowMillis: 5000 },
  { parallelization: 4 },
];

const NAMES: Readonly<Record<keyof MappingChoice, string>> = {
  batchRecords: 'batch size',
  windowMillis: 'window, ms',
  parallelization: 'parallelization',
  inBatch: 'sockets',
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
delete of a service's last task to the service's own. A burst waits for its window and its polls, and for the processor: a \
request for many things takes time for each of them. So the memory stays at a whole core, also for the start of a function, \
which takes three and a half times as long with 512 MB. The last table is of the built bundles on the local cloud in real time, \
with the same latencies put before each of their requests: its seconds are this machine's, on which they share two cores with \
DynamoDB Local and whoever deletes, and say which way an option moves them.`;

const seconds = (millis: number) => (millis / 1000).toFixed(2);
const nameOf = (option: keyof MappingChoice, value: number) =>
  `${NAMES[option]} ${count(value)}${value === DEFAULTS[option] ? ' (default)' : ''}`;

async function localRuns(load: Load, progress: (share: number) => void): Promise<string[][]> {
  const rows: string[][] = [];
  for (const changed of TRIED_LOCALLY) {
    const run = await runReal(load, { ...DEFAULTS, ...changed });
    const [option, value] = Object.entries(changed)[0] ?? [];
    rows.push([
      option === undefined ? 'the defaults' : nameOf(option as keyof MappingChoice, value as number),
      seconds(run.medianMillis),
      seconds(run.slowMillis),
      count(run.invocations),
      count(run.writeUnits),
      run.dollarsPerMillionDeletes.toFixed(3),
    ]);
    progress(rows.length / TRIED_LOCALLY.length);
  }
  return rows;
}

const HEAD = ['option', 'median s', '99 of 100, s', 'invocations', 'write units', '$ per million deletes'];
/** The section's time. */
const VIRTUAL_SHARE = 0.2;

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
    progress((VIRTUAL_SHARE * runs.length) / all.length);
  }
  const local = quick
    ? []
    : await localRuns(LOADS[0] as Load, (share) => progress(VIRTUAL_SHARE + (1 - VIRTUAL_SHARE) * share));
  return {
    title: 'Why these defaults',
    about: ABOUT,
    tables: [
      ...loads.map((load) => ({
        title: load.name,
        head: HEAD,
        rows: runs
          .filter(({ run }) => run.load === load)
          .map(({ option, run }) => [
            nameOf(option, run.choice[option]),
            seconds(run.medianMillis),
            seconds(run.slowMillis),
            count(run.usage.invocations),
            count(run.usage.writeUnits),
            run.dollarsPerMillionDeletes.toFixed(3),
          ]),
      })),
      ...(local.length > 0 ? [{ title: 'steady, on the local cloud', head: HEAD, rows: local }] : []),
    ],
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
