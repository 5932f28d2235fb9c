/**
 * Task deletes that come one after another, a mapping that reads them as Lambda does, and our function, all in virtual time:
 * how long a service stands after its last task, and what that costs, under given options.
 */
import { GET_RECORDS_ITEMS_MAX, POLL_INTERVAL_MILLIS } from '../../lib/local/ground/limits.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import { ours } from './contenders/ours.ts';
import { dollarsOf } from './prices.ts';
import { Stage } from './stage.ts';
import type { Usage } from './usage.ts';
import { prepare, shuffled, tasksOf, type Workload } from './workloads.ts';

export interface MappingChoice {
  readonly batchRecords: number;
  readonly windowMillis: number;
  readonly parallelization: number;
  /** Requests of one invocation that are under way at a time: one for each parent that is looked at. */
  readonly inBatch: number;
  readonly megabytes: number;
}

export interface Load {
  readonly name: string;
  readonly services: number;
  readonly tasksPerService: number;
  readonly deletesPerSecond: number;
}

export interface StreamRun {
  readonly choice: MappingChoice;
  readonly load: Load;
  readonly usage: Usage;
  /** From the delete of a service's last task to its own: the middle one, and all but the slowest hundredth. */
  readonly medianMillis: number;
  readonly slowMillis: number;
  readonly dollarsPerMillionDeletes: number;
}

/** Deletes come in ticks, so that a thousand of them are not a thousand turns of the clock. */
const TICK_MILLIS = 10;

interface Lane {
  readonly waiting: LambdaRecord[];
  isBusy: boolean;
}

export async function runStream(load: Load, choice: MappingChoice): Promise<StreamRun> {
  const { services } = load;
  const workload: Workload = {
    ...load,
    title: load.name,
    draining: services,
    order: 'shuffled',
    duplicates: 0,
    sharesNetwork: false,
  };
  const goneMillis = new Map<string, number>();
  const lastTaskMillis = new Map<string, number>();
  const stage: Stage = new Stage(
    { ...ours, sockets: choice.inBatch },
    {
      megabytes: choice.megabytes,
      onSent: () => {
        // Before, these are the marks' own records, which their function is waiting for.
        if (lastTaskMillis.size === 0) return;
        for (const { eventName, dynamodb } of stage.tables.streams.services.splice(0)) {
          const { id } = dynamodb.Keys as { id: { S: string } };
          if (eventName === 'REMOVE') goneMillis.set(id.S, stage.time.nowMillis);
        }
      },
    },
  );
  await prepare(stage, workload);
  stage.takeUsage();
  const tasks = shuffled(
    Array.from({ length: services }, (_, index) => tasksOf(index, workload)).flat(),
    stage.chance.fraction,
  );

  const write = async () => {
    const perTick = (load.deletesPerSecond * TICK_MILLIS) / 1000;
    for (let written = 0, due = perTick; written < tasks.length; due += perTick) {
      for (; written < Math.min(due, tasks.length); written++) {
        const task = tasks[written] as (typeof tasks)[number];
        stage.write('tasks', task, undefined);
        lastTaskMillis.set(task.serviceId?.S as string, stage.time.nowMillis);
      }
      await stage.time.wait(TICK_MILLIS);
    }
  };
  const lanes: readonly Lane[] = Array.from({ length: choice.parallelization }, () => ({ waiting: [], isBusy: false }));
  const environments = lanes.map(() => stage.openEnvironment());
  const work = async (n: number) => {
    const lane = lanes[n] as Lane;
    lane.isBusy = true;
    while (lane.waiting.length > 0) {
      const untilMillis = stage.time.nowMillis + choice.windowMillis;
      while (stage.time.nowMillis < untilMillis && lane.waiting.length < choice.batchRecords) {
        await stage.time.wait(TICK_MILLIS);
      }
      await stage.invokeIn(
        environments[n] as (typeof environments)[number],
        'tasks',
        lane.waiting.splice(0, choice.batchRecords),
      );
    }
    lane.isBusy = false;
  };
  const poll = async () => {
    let isWritten = false;
    const writing = write().then(() => {
      isWritten = true;
    });
    const working = new Set<Promise<void>>();
    while (!isWritten || stage.tables.streams.tasks.length > 0 || lanes.some(({ isBusy }) => isBusy)) {
      for (const record of stage.tables.streams.tasks.splice(0, GET_RECORDS_ITEMS_MAX)) {
        lanes[laneOf(record, lanes.length)]?.waiting.push(record);
      }
      for (const [n, { waiting, isBusy }] of lanes.entries()) {
        if (waiting.length > 0 && !isBusy) working.add(work(n));
      }
      await stage.time.wait(POLL_INTERVAL_MILLIS);
    }
    await Promise.all([writing, ...working]);
  };
  await stage.time.run(poll());

  const lags = [...lastTaskMillis]
    .map(([id, millis]) => (goneMillis.get(id) ?? Number.NaN) - millis)
    .sort((a, b) => a - b);
  if (lags.some(Number.isNaN)) throw new Error(`${goneMillis.size} of ${services} services are gone`);
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] as number;
  const usage = stage.takeUsage();
  return {
    choice,
    load,
    usage,
    medianMillis: at(0.5),
    slowMillis: at(0.99),
    dollarsPerMillionDeletes: (dollarsOf(usage, choice.megabytes) / tasks.length) * 1e6,
  };
}

/** By the item's key, as Lambda does: the tasks of one service go to any lane. */
function laneOf({ dynamodb }: LambdaRecord, lanes: number): number {
  const { serviceId, id } = dynamodb.Keys as { serviceId: { S: string }; id: { S: string } };
  let hash = 0;
  for (const character of `${serviceId.S}/${id.S}`)
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % lanes;
}
