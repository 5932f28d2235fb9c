/**
 * The bench counts by AWS's rules over tables in memory. Amazon's own engine, asked the same, must have used as much. Of PartiQL
 * it tells no units: there they are counted from the items that it holds.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, it } from 'vitest';
import { EngineConnection } from '../../lib/local/dynamodb/engine-connection.ts';
import { Gateway } from '../../lib/local/dynamodb/gateway.ts';
import { Meter, type OperationUsage } from '../../lib/local/dynamodb/meter.ts';
import { Authorizer } from '../../lib/local/iam/authorizer.ts';
import { MEMORY_NAMES } from '../../lib/testing/memory/client.ts';
import type { StoredWrite } from '../../lib/testing/memory/tables.ts';
import { TABLE_NAMES, tableInput } from '../support/dynamodb.ts';
import { CONTENDERS } from './contenders/all.ts';
import type { Contender } from './environment.ts';
import { IDEMPOTENCY_TABLE, type Sent, Stage } from './stage.ts';
import { deleteTasks, prepare, type Workload, workloads } from './workloads.ts';

type Step = { readonly sent: Sent } | { readonly write: StoredWrite };

/** Everything that was asked of the tables, in its order. */
async function record(contender: Contender, workload: Workload): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const stage = new Stage(contender, {
    batchRecords: 20,
    onSent: (sent) => steps.push({ sent }),
    onWrite: (write) => steps.push({ write }),
  });
  await prepare(stage, workload);
  await deleteTasks(stage, workload);
  return steps;
}

type Usages = Readonly<Record<string, Readonly<OperationUsage>>>;

function sumOf(steps: readonly Step[]): Usages {
  const sums: Record<string, OperationUsage> = {};
  for (const step of steps) {
    if (!('sent' in step)) continue;
    const { operation, readUnits, writeUnits } = step.sent;
    sums[operation] ??= { requests: 0, readUnits: 0, writeUnits: 0 };
    sums[operation].requests += 1;
    sums[operation].readUnits += readUnits;
    sums[operation].writeUnits += writeUnits;
  }
  return sums;
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The same on Amazon's engine: the workload's own writes straight to it, the contender's requests through the meter. */
async function replay(steps: readonly Step[]): Promise<Usages> {
  const databaseId = `test${randomUUID().replaceAll('-', '')}`;
  const meter = new Meter();
  const authorizer = new Authorizer({ roles: [], ofTables: new Map() }, new Map());
  const straight = new EngineConnection(inject('enginePort'), databaseId);
  const gateway = new Gateway({ engine: straight, port: 0, authorizer, meter });
  const metered = new EngineConnection(await gateway.listen(), databaseId);
  closers.push(
    () => gateway.close(),
    () => metered.close(),
    () => straight.close(),
  );
  const tables = [
    ...TABLE_NAMES.map((name) => tableInput(name, MEMORY_NAMES[name])),
    tableInput('counters', IDEMPOTENCY_TABLE),
  ];
  for (const table of tables) await straight.ask('CreateTable', { ...table });
  meter.start();
  for (const step of steps) {
    if ('sent' in step) {
      await metered.ask(step.sent.operation, step.sent.input);
      continue;
    }
    const { table, keys, item } = step.write;
    const TableName = MEMORY_NAMES[table as keyof typeof MEMORY_NAMES];
    if (item === undefined) await straight.ask('DeleteItem', { TableName, Key: keys });
    else await straight.ask('PutItem', { TableName, Item: item });
  }
  return meter.stop().requests.outside ?? {};
}

const small = workloads(0.01).filter(({ name }) => ['one-service', 'shared-network', 'duplicates'].includes(name));
const cases = CONTENDERS.flatMap((contender) => small.map((workload) => ({ contender, workload })));

it.each(cases)(
  "$contender.name, $workload.name: as many units as Amazon's engine tells",
  async ({ contender, workload }) => {
    const steps = await record(contender, workload);
    const counted = sumOf(steps);
    expect(Object.keys(counted).length).toBeGreaterThan(3);
    expect(await replay(steps)).toEqual(counted);
  },
);
