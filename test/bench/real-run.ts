/** A stream run in real time: the built bundles on the local cloud, with AWS-like latencies put before each of their requests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BatchWriteItemCommand, DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { readNames, STACK_NAME } from '../../bin/synthesize.ts';
import { bundleFunctions } from '../../lib/infra/bundle.ts';
import { startLocalCloud } from '../../lib/local/local-cloud.ts';
import { BATCH_WRITE_ITEMS_MAX } from '../../lib/protocol/limits.ts';
import { chunks, mapInParallel } from '../../lib/protocol/parallel.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { latencyMillis } from './latency.ts';
import { dollarsOf } from './prices.ts';
import type { Load, MappingChoice } from './stream-run.ts';
import { shuffled, tasksOf } from './workloads.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const WRITERS = 32;

export interface RealRun {
  readonly invocations: number;
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly medianMillis: number;
  readonly slowMillis: number;
  readonly dollarsPerMillionDeletes: number;
}

async function synthesizeWith(outdir: string, choice: MappingChoice): Promise<void> {
  // Late: the runs in memory, which share their sections with this one, do without the CDK.
  const { App, Duration } = await import('aws-cdk-lib');
  const { DeallocatorStack } = await import('../../lib/infra/index.ts');
  await bundleFunctions(ROOT);
  const app = new App({ outdir, analyticsReporting: false });
  new DeallocatorStack(app, STACK_NAME, {
    memorySize: choice.megabytes,
    mappings: {
      'task-deleted': {
        batchSize: choice.batchRecords,
        maxBatchingWindow: Duration.millis(choice.windowMillis),
        parallelizationFactor: choice.parallelization,
      },
    },
  });
  app.synth();
}

/** The machine's own speed shows here, in times only. In-batch concurrency is the product's. */
export async function runReal(load: Load, choice: MappingChoice): Promise<RealRun> {
  const assemblyDirectory = mkdtempSync(join(tmpdir(), 'assembly-'));
  await synthesizeWith(assemblyDirectory, choice);
  const cloud = await startLocalCloud({ assemblyDirectory, stackName: STACK_NAME, schedules: false, log: () => {} });
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
  const client = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    const { tables } = readNames(cloud.outputs);
    const names = Array.from({ length: load.services }, (_, n) => `service-${n}`);
    const tasks = names.flatMap((_, n) => tasksOf(n, load));
    await mapInParallel(chunks(tasks, BATCH_WRITE_ITEMS_MAX), WRITERS, (some) => {
      const puts = some.map((Item) => ({ PutRequest: { Item } }));
      return client.send(new BatchWriteItemCommand({ RequestItems: { [tables.tasks as string]: puts } }));
    });
    await mapInParallel(names, WRITERS, (id) => {
      const Item = {
        id: { S: id },
        pendingDelete: { BOOL: true },
        markedAt: { S: `2026-01-01T00:00:00.000Z#${id}` },
      };
      return client.send(new PutItemCommand({ TableName: tables.services, Item }));
    });
    await cloud.quiesce();

    const [lastTaskMillis, goneMillis] = [new Map<string, number>(), new Map<string, number>()];
    const deletedIn = (items: unknown) =>
      (items as { Delete?: { TableName: string; Key: { id?: { S: string } } } }[])
        .filter(({ Delete }) => Delete?.TableName === tables.services)
        .map(({ Delete }) => Delete?.Key.id?.S as string);
    cloud.setIntercept(({ principal, operation, body }) => {
      if (principal === 'outside') return undefined;
      // Nothing here is cancelled: no mark is taken back, and nothing conflicts.
      const deleted = operation === 'TransactWriteItems' ? deletedIn(body.TransactItems) : [];
      const beforeAnswer = () => {
        for (const id of deleted) goneMillis.set(id, performance.now());
      };
      return { delayMillis: latencyMillis(operation), beforeAnswer };
    });
    cloud.meter.start();
    const startedMillis = performance.now();
    const order = shuffled(tasks, testChance().fraction);
    await mapInParallel([...order.entries()], WRITERS, async ([n, Key]) => {
      const dueMillis = startedMillis + (n / load.deletesPerSecond) * 1000;
      await pause(Math.max(0, dueMillis - performance.now()));
      await client.send(new DeleteItemCommand({ TableName: tables.tasks, Key }));
      lastTaskMillis.set(Key.serviceId?.S as string, performance.now());
    });
    await cloud.quiesce();
    const { requests, invocations } = cloud.meter.stop();
    if (goneMillis.size < load.services) throw new Error(`${goneMillis.size} of ${load.services} services are gone`);

    const lags = names.map((id) => (goneMillis.get(id) ?? 0) - (lastTaskMillis.get(id) ?? 0)).sort((a, b) => a - b);
    const [taskDeleted] = Object.keys(invocations).filter((name) => name.startsWith('DeallocatorTaskDeleted'));
    const used = Object.values(requests[taskDeleted as string] ?? {});
    const sum = (name: 'requests' | 'readUnits' | 'writeUnits') => used.reduce((total, one) => total + one[name], 0);
    const usage = {
      requests: sum('requests'),
      readUnits: sum('readUnits'),
      writeUnits: sum('writeUnits'),
      invocations: invocations[taskDeleted as string] ?? 0,
    };
    return {
      ...usage,
      medianMillis: lags[Math.floor(lags.length / 2)] as number,
      slowMillis: lags[Math.floor(lags.length * 0.99)] as number,
      dollarsPerMillionDeletes: (dollarsOf({ ...usage, billedMillis: 0 }, choice.megabytes) / tasks.length) * 1e6,
    };
  } finally {
    client.destroy();
    await cloud.stop();
    rmSync(assemblyDirectory, { recursive: true, force: true });
  }
}
