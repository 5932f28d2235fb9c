/** What the deallocator may ask of DynamoDB, in counts: a change that asks for more fails here. */
import { beforeAll, describe, expect, it } from 'vitest';
import { SOCKETS_MAX } from '../../lib/protocol/limits.ts';
import { MAPPING_DEFAULTS, MEMORY_MEGABYTES_DEFAULT } from '../../lib/streams/functions.ts';
import { TASK_WINDOW_MILLIS } from './burst.ts';
import { groupedMarkers, markers } from './contenders/markers.ts';
import { ours } from './contenders/ours.ts';
import { powertools } from './contenders/powertools.ts';
import { measureFlatness } from './flatness.ts';
import { type Measured, measure } from './measure.ts';
import { Stage } from './stage.ts';
import { runStream } from './stream-run.ts';
import { measureSweep } from './sweep-cost.ts';
import { deleteTasks, prepare, type Workload, workloads } from './workloads.ts';

const CONTENDERS = { ours, powertools, markers, groupedMarkers };
/** A tenth of the bench's sizes. */
const find = (name: string, share = 0.1) => workloads(share).find((workload) => workload.name === name) as Workload;

async function measureAll(workload: Workload): Promise<Record<keyof typeof CONTENDERS, Measured>> {
  const entries = Object.entries(CONTENDERS).map(async ([name, contender]) => [
    name,
    await measure(contender, workload),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** What a batch asks of the Counters table, batch by batch. */
async function perBatch(workload: Workload, batchRecords: number) {
  let keysRead = 0;
  let decrements = 0;
  const batches: { keysRead: number; decrements: number; writeUnits: number }[] = [];
  const stage = new Stage(ours, {
    batchRecords,
    onSent: ({ operation, input }) => {
      if (operation === 'BatchGetItem') {
        const [table] = Object.values(input.RequestItems as Record<string, { Keys: unknown[] }>);
        keysRead += table?.Keys.length ?? 0;
      }
      if (operation === 'UpdateItem') decrements++;
    },
  });
  await prepare(stage, workload);
  [keysRead, decrements] = [0, 0];
  stage.takeUsage();
  const invoke = stage.invoke.bind(stage);
  const parents: Set<string>[] = [];
  stage.invoke = async (table, batch) => {
    const failed = await invoke(table, batch);
    const ids = batch.map(({ dynamodb }) => (dynamodb.Keys as { serviceId?: { S: string } }).serviceId?.S ?? '');
    if (table === 'tasks') {
      batches.push({ keysRead, decrements, writeUnits: stage.takeUsage().countingWriteUnits });
      parents.push(new Set(ids));
    }
    [keysRead, decrements] = [0, 0];
    return failed;
  };
  await deleteTasks(stage, workload);
  const drains = (id: string) => Number(id.replace('service-', '')) < workload.draining;
  return batches.map((batch, n) => {
    const services = [...(parents[n] as Set<string>)];
    return { ...batch, services: services.length, draining: services.filter(drains).length };
  });
}

describe('one service', () => {
  let all: Awaited<ReturnType<typeof measureAll>>;
  beforeAll(async () => {
    all = await measureAll(find('one-service', 1));
  });

  it('is counted with at least 100 times fewer write units than by Powertools, its deletion included', () => {
    expect(all.powertools.deletes.writeUnits).toBeGreaterThanOrEqual(100 * all.ours.deletes.writeUnits);
  });

  it('costs less than any of the others, in dollars too', () => {
    for (const other of [all.powertools, all.markers, all.groupedMarkers]) {
      expect(all.ours.dollarsPerMillionDeletes).toBeLessThan(other.dollarsPerMillionDeletes);
    }
  });
});

describe('many services', () => {
  it('are counted and deleted with at least 3 times fewer write units than by Powertools', async () => {
    const { deletes: theirs } = await measure(powertools, find('many-services', 1));
    const { deletes } = await measure(ours, find('many-services', 1));
    expect(theirs.writeUnits).toBeGreaterThanOrEqual(3 * deletes.writeUnits);
    expect(theirs.countingWriteUnits).toBeGreaterThanOrEqual(10 * deletes.countingWriteUnits);
  });

  it('cost at most one counter write a batch and draining service', async () => {
    const batches = await perBatch(find('many-services'), 100);
    expect(batches.length).toBeGreaterThan(5);
    for (const { draining, decrements, writeUnits } of batches) {
      expect(decrements).toBeLessThanOrEqual(draining);
      expect(writeUnits).toBeLessThanOrEqual(draining);
    }
  });
});

describe('churn', () => {
  it('costs no write, and one read a batch and service', async () => {
    const batches = await perBatch({ ...find('churn'), draining: 0 }, 100);
    expect(batches.length).toBeGreaterThan(5);
    for (const { services, keysRead, writeUnits } of batches) {
      expect(writeUnits).toBe(0);
      expect(keysRead).toBe(services);
    }
  });

  it('writes only for what drains among the rest', async () => {
    for (const { draining, writeUnits } of await perBatch(find('churn'), 100)) {
      expect(writeUnits).toBeLessThanOrEqual(draining);
    }
  });
});

it.each([
  { name: 'steady', services: 200, tasksPerService: 50, deletesPerSecond: 500, millisMax: 1_300 },
  { name: 'burst', services: 2000, tasksPerService: 5, deletesPerSecond: 5000, millisMax: 2_000 },
])(
  '$name: 99 of 100 services go within $millisMax ms of virtual time, at the defaults',
  async ({ millisMax, ...load }) => {
    const { batchSize: batchRecords, parallelizationFactor: parallelization } = MAPPING_DEFAULTS;
    const memory = { inBatch: SOCKETS_MAX, megabytes: MEMORY_MEGABYTES_DEFAULT };
    const choice = { batchRecords, windowMillis: TASK_WINDOW_MILLIS, parallelization, ...memory };
    expect((await runStream(load, choice)).slowMillis).toBeLessThanOrEqual(millisMax);
  },
);

describe('what is asked together', () => {
  /** What 0.1.0 asked for, as it was measured then. */
  const BEFORE = {
    'many-services': { requests: 6_910, writeUnits: 10_881 },
    'shared-network': { requests: 18_026, writeUnits: 22_009 },
    'one-service': { requests: 10, writeUnits: 11 },
    churn: { requests: 0, writeUnits: 108 },
  } as const;

  it('1,000 services with 10 tasks each go with at most 300 requests, and no more write units than one by one', async () => {
    const { deletes, marks } = await measure(ours, find('many-services', 1));
    expect(deletes.requests).toBeLessThanOrEqual(300);
    expect(deletes.writeUnits).toBeLessThanOrEqual(BEFORE['many-services'].writeUnits);
    // 5,000 before.
    expect(marks.requests).toBeLessThanOrEqual(150);
    expect(marks.writeUnits).toBeLessThanOrEqual(3_000);
  });

  it('2,000 services that share a network go with at most 400 requests', async () => {
    const { deletes } = await measure(ours, find('shared-network', 1));
    expect(deletes.requests).toBeLessThanOrEqual(400);
    expect(deletes.writeUnits).toBeLessThanOrEqual(BEFORE['shared-network'].writeUnits);
  });

  it('one large service, and churn, are no dearer', async () => {
    const { deletes } = await measure(ours, find('one-service', 1));
    expect(deletes.requests).toBeLessThanOrEqual(BEFORE['one-service'].requests);
    expect(deletes.writeUnits).toBeLessThanOrEqual(BEFORE['one-service'].writeUnits);
    const churn = await measure(ours, find('churn', 1));
    expect(churn.deletes.writeUnits).toBeLessThanOrEqual(BEFORE.churn.writeUnits);
  });

  it('a sweep of 4,000 marked services that have tasks takes at most 1,000 requests', async () => {
    const stage = new Stage(ours);
    for (let n = 0; n < 4_000; n++) {
      const id = { S: `service-${n}` };
      const mark = { pendingDelete: { BOOL: true }, markedAt: { S: `2026-01-01T00:00:00.000Z#${n}` } };
      stage.write('services', { id }, { id, ...mark });
      stage.write('tasks', { serviceId: id, id: { S: 't' } }, { serviceId: id, id: { S: 't' } });
    }
    stage.forgetRecords();
    await stage.sweep({ restart: true });
    expect(stage.takeUsage().requests).toBeLessThanOrEqual(1_000);
    await stage.sweep({ restart: true });
    expect(stage.takeUsage().requests).toBeLessThanOrEqual(1_000);
  });

  it('a sweep of 4,000 marked networks that services use takes at most 1,000 requests', async () => {
    const stage = new Stage(ours);
    for (let n = 0; n < 4_000; n++) {
      const id = { S: `network-${n}` };
      const serviceId = { S: `service-${n}` };
      const mark = { pendingDelete: { BOOL: true }, markedAt: { S: `2026-01-01T00:00:00.000Z#${n}` } };
      stage.write('networks', { id }, { id, ...mark });
      const networks = { L: [{ M: { target: id } }] };
      stage.write('services', { id: serviceId }, { id: serviceId, spec: { M: { networks } } });
      const attachment = { held: { S: `network#${id.S}` }, holder: { S: `service#${serviceId.S}` } };
      stage.write('attachments', attachment, attachment);
    }
    stage.forgetRecords();
    await stage.sweep({ restart: true });
    expect(stage.takeUsage().requests).toBeLessThanOrEqual(1_000);
    await stage.sweep({ restart: true });
    expect(stage.takeUsage().requests).toBeLessThanOrEqual(1_000);
  });
});

it('a network that many services share costs each of them the same, however many they are', async () => {
  const few = await measure(ours, find('shared-network', 0.05));
  const many = await measure(ours, find('shared-network', 0.5));
  const perService = ({ deletes, workload }: Measured) => (deletes.writeUnits + deletes.readUnits) / workload.services;
  expect(perService(many)).toBeLessThanOrEqual(perService(few) * 1.1);
});

it('duplicates cost at most one counter write a batch and service more', async () => {
  const once = await measure(ours, find('many-services'));
  const twice = await measure(ours, find('duplicates'));
  expect(twice.deletes.records).toBeGreaterThan(once.deletes.records);
  expect(twice.deletes.writeUnits).toBeLessThanOrEqual(once.deletes.writeUnits * 1.2);
});

it('a sweep reads what is marked, not what exists', async () => {
  const [small, large] = [await measureSweep(1_000, 20), await measureSweep(50_000, 20)];
  expect(large.sweep.requests).toBe(small.sweep.requests);
  expect(large.sweep.readUnits).toBe(small.sweep.readUnits);
  const more = ({ sweep, fullSweep }: typeof small) => fullSweep.readUnits - sweep.readUnits;
  expect(more(large)).toBeGreaterThan(10 * more(small));
});

// With a hundred tasks there is one service in a batch, and what a batch costs once is a fifth of it.
it('a task costs the same, within a tenth, from a thousand tasks to ten thousand', async () => {
  const units = async (tasks: number) => {
    const { marks, deletes } = await measureFlatness(tasks);
    return [marks.writeUnits + deletes.writeUnits, marks.readUnits + deletes.readUnits].map((sum) => sum / tasks);
  };
  const [few, many] = [await units(1_000), await units(10_000)];
  for (const [n, share] of few.entries()) {
    expect(Math.abs((many[n] as number) / share - 1)).toBeLessThanOrEqual(0.1);
  }
});
