/** What sizes that fit no laptop would do, by a model; and the model beside the code where both can be run. */

import { SOCKETS_MAX } from '../../../lib/protocol/limits.ts';
import { MAPPING_DEFAULTS, MEMORY_MEGABYTES_DEFAULT } from '../../../lib/streams/functions.ts';
import { figure, linesSvg } from '../plot.ts';
import { runReal } from '../real-run.ts';
import type { Progress, Section } from '../report.ts';
import { type Prediction, predict, RESOURCES, type Scenario } from '../scale-model.ts';
import { type Load, type MappingChoice, runStream } from '../stream-run.ts';

export const CHOICE: MappingChoice = {
  batchRecords: MAPPING_DEFAULTS.batchSize,
  windowMillis: 1000,
  parallelization: 1,
  inBatch: SOCKETS_MAX,
  megabytes: MEMORY_MEGABYTES_DEFAULT,
};
const MANY = { services: 1e6, tasksPerService: 100, deletesPerSecond: 1e4 } as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'one service of 10⁸ tasks, 10⁴ deletes/s',
    services: 1,
    tasksPerService: 1e8,
    deletesPerSecond: 1e4,
    shards: 10,
    servicesAtATime: 1,
    choice: CHOICE,
  },
  { ...MANY, name: '10⁶ services × 100, one after another', shards: 10, servicesAtATime: 100, choice: CHOICE },
  { ...MANY, name: '10⁶ services × 100, all at once', shards: 10, servicesAtATime: 1e6, choice: CHOICE },
  {
    ...MANY,
    name: 'all at once, parallelization 4',
    shards: 10,
    servicesAtATime: 1e6,
    choice: { ...CHOICE, parallelization: 4 },
  },
  {
    ...MANY,
    name: 'all at once, functions of 128 MB',
    shards: 10,
    servicesAtATime: 1e6,
    choice: { ...CHOICE, megabytes: 128 },
  },
];

const CHECK: Load = { name: 'check', services: 100, tasksPerService: 30, deletesPerSecond: 150 };
const SMALL_CHECK: Load = { name: 'check', services: 3, tasksPerService: 3, deletesPerSecond: 20 };

const ABOUT = `A discrete-event model of shards, mappings and functions ([scale-model.ts](https://github.com/deallocator/deallocator/blob/main/test/bench/scale-model.ts)), with \
the costs measured above. What limits what, and which setting moves it: [docs/scale.md](../scale.md). The check runs the same \
deletes through the model, through the code in virtual time, and through the built bundles on the local cloud in real time, \
with the same latencies put before each request; only the last depends on the machine.`;

function rowOf({
  scenario,
  keepsUp,
  lagSeconds,
  hours,
  writeUnits,
  readUnits,
  invocations,
  dollars,
  loads,
}: Prediction) {
  return [
    scenario.name,
    keepsUp ? figure(lagSeconds) : 'grows',
    ...[hours, writeUnits, readUnits, invocations, dollars].map(figure),
    ...RESOURCES.map((resource) => `${Math.round(loads[resource] * 100)} %`),
  ];
}

export async function scaleSection(quick: boolean, progress: Progress): Promise<Section> {
  const predictions = SCENARIOS.map(predict);
  const load = quick ? SMALL_CHECK : CHECK;
  const { services, tasksPerService, deletesPerSecond } = load;
  const scenario = { name: 'check', services, tasksPerService, deletesPerSecond, shards: 1, servicesAtATime: services };
  const model = predict({ ...scenario, choice: CHOICE });
  const virtual = await runStream(load, CHOICE);
  progress(0.3);
  const real = await runReal(load, CHOICE);
  const rates = [100, 300, 1000, 3000, 10_000, 30_000, 100_000];
  const lags = (megabytes: number, parallelization: number) => ({
    name: `${megabytes} MB, parallelization ${parallelization}`,
    points: rates
      .map((rate) =>
        predict({
          ...scenario,
          ...MANY,
          servicesAtATime: 1e6,
          shards: Math.max(1, rate / 1000),
          deletesPerSecond: rate,
          choice: { ...CHOICE, megabytes, parallelization },
        }),
      )
      .filter(({ keepsUp }) => keepsUp)
      .map((one) => [one.scenario.deletesPerSecond, one.lagSeconds] as const),
  });
  return {
    title: 'Larger than fits here',
    about: ABOUT,
    tables: [
      {
        title: 'Predictions',
        head: ['', 'lag s', 'hours', 'write units', 'read units', 'invocations', '$', ...RESOURCES],
        rows: predictions.map(rowOf),
      },
      {
        title: `The model beside the code: ${services} services × ${tasksPerService} tasks, ${deletesPerSecond} deletes a second`,
        head: ['', 'write units', 'read units', 'invocations', 'slowest 1 in 100, s'],
        rows: [
          ['model', model.writeUnits, model.readUnits, model.invocations, model.lagSeconds],
          [
            'code, virtual time',
            virtual.usage.writeUnits,
            virtual.usage.readUnits,
            virtual.usage.invocations,
            virtual.slowMillis / 1000,
          ],
          ['bundles on the local cloud', real.writeUnits, real.readUnits, real.invocations, real.slowMillis / 1000],
        ].map(([name, ...values]) => [name as string, ...(values as number[]).map(figure)]),
      },
    ],
    pictures: [
      {
        file: 'scale.svg',
        title: 'lag by deletes a second',
        svg: linesSvg({
          title: 'All services at once, a shard for each 1,000 deletes a second',
          x: 'deletes a second',
          y: 'lag, seconds',
          series: [lags(512, 4), lags(1769, 1), lags(1769, 4)],
        }),
      },
    ],
  };
}
