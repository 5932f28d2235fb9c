/** What the contenders are put to: who drains, which tasks go in which order, what comes twice. */
import type { StoredItem } from '../../lib/testing/memory/attribute-values.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import type { Stage } from './stage.ts';

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly services: number;
  readonly tasksPerService: number;
  /** Services that are marked; the others keep running, and only lose tasks. */
  readonly draining: number;
  readonly order: 'by service' | 'shuffled';
  /** Share of the records that are delivered a second time, with a later batch. */
  readonly duplicates: number;
  /** Whether all services use one network, which is marked as well. */
  readonly sharesNetwork: boolean;
}

const PLAIN = { order: 'by service', duplicates: 0, sharesNetwork: false } as const;

/** @param share of the full size, for quick runs and tests */
export function workloads(share = 1): readonly Workload[] {
  const of = (full: number) => Math.max(1, Math.round(full * share));
  return [
    {
      ...PLAIN,
      name: 'one-service',
      title: `one service, ${count(of(10_000))} tasks`,
      services: 1,
      tasksPerService: of(10_000),
      draining: 1,
    },
    {
      ...PLAIN,
      name: 'many-services',
      title: `${count(of(1000))} services × 10 tasks, shuffled`,
      services: of(1000),
      tasksPerService: 10,
      draining: of(1000),
      order: 'shuffled',
    },
    {
      ...PLAIN,
      name: 'churn',
      title: `churn: 1 of 100 services drains, ${count(of(1000) * 10)} task deletes`,
      services: of(1000),
      tasksPerService: 10,
      draining: Math.max(1, of(10)),
      order: 'shuffled',
    },
    {
      ...PLAIN,
      name: 'shared-network',
      title: `${count(of(2000))} services that share one marked network`,
      services: of(2000),
      tasksPerService: 1,
      draining: of(2000),
      sharesNetwork: true,
    },
    {
      ...PLAIN,
      name: 'duplicates',
      title: `${count(of(1000))} services × 10 tasks, every fifth record twice`,
      services: of(1000),
      tasksPerService: 10,
      draining: of(1000),
      order: 'shuffled',
      duplicates: 0.2,
    },
  ];
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

const NETWORK = 'shared';
const MARK = { pendingDelete: { BOOL: true } } as const;
const serviceName = (index: number) => `service-${index}`;

function serviceItem(index: number, { sharesNetwork }: Workload): StoredItem {
  const targets = sharesNetwork ? [{ M: { target: { S: NETWORK } } }] : [];
  return { id: { S: serviceName(index) }, spec: { M: { task: { M: { networks: { L: targets } } } } } };
}

/** All of it long ago: no record of it is left. */
function setUp(stage: Stage, workload: Workload): void {
  if (workload.sharesNetwork) stage.write('networks', { id: { S: NETWORK } }, { id: { S: NETWORK } });
  for (let index = 0; index < workload.services; index++) {
    const item = serviceItem(index, workload);
    stage.write('services', { id: item.id as { S: string } }, item);
    const attachment = { held: { S: `network#${NETWORK}` }, holder: { S: `service#${serviceName(index)}` } };
    if (workload.sharesNetwork) stage.write('attachments', attachment, attachment);
    for (const task of tasksOf(index, workload)) stage.write('tasks', task, task);
  }
  stage.forgetRecords();
}

export function tasksOf(service: number, { tasksPerService }: Pick<Workload, 'tasksPerService'>): StoredItem[] {
  const serviceId = { S: serviceName(service) };
  return Array.from({ length: tasksPerService }, (_, n) => ({ serviceId, id: { S: `task-${n}` } }));
}

/** As the client writes a mark, a time each. */
function mark(stage: Stage, workload: Workload): void {
  const markedAt = (n: number) => ({ S: `2026-01-01T00:00:00.000Z#${n}` });
  for (let index = 0; index < workload.draining; index++) {
    const item = { ...serviceItem(index, workload), ...MARK, markedAt: markedAt(index) };
    stage.write('services', { id: { S: serviceName(index) } }, item);
  }
  const network = { id: { S: NETWORK }, ...MARK, markedAt: markedAt(workload.draining) };
  if (workload.sharesNetwork) stage.write('networks', { id: { S: NETWORK } }, network);
}

export function shuffled<T>(items: readonly T[], fraction: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(fraction() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/** A second delivery of some of a batch's records, as after a partial failure; never a third. */
function repeater({ duplicates }: Workload, fraction: () => number) {
  const repeated = new Set<LambdaRecord>();
  return (batch: readonly LambdaRecord[]): LambdaRecord[] => {
    const again = batch.filter((record) => !repeated.has(record) && fraction() < duplicates);
    for (const record of again) repeated.add(record);
    return again;
  };
}

/** Everything is there and marked, and the marks' records are done. */
export async function prepare(stage: Stage, workload: Workload): Promise<void> {
  setUp(stage, workload);
  mark(stage, workload);
  await stage.deliver();
}

/** All tasks are deleted in one burst, and all records delivered. */
export async function deleteTasks(stage: Stage, workload: Workload): Promise<void> {
  const { fraction } = stage.chance;
  const tasks = Array.from({ length: workload.services }, (_, index) => tasksOf(index, workload)).flat();
  for (const task of workload.order === 'shuffled' ? shuffled(tasks, fraction) : tasks) {
    stage.write('tasks', task, undefined);
  }
  await stage.deliver(workload.duplicates === 0 ? undefined : repeater(workload, fraction));
}
