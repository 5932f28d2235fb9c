/**
 * A discrete-event model of one shard, its mapping and its function, at the costs that the bench has measured: for sizes that
 * nobody can run here. Everything is a mean: no jitter, no retries.
 */
import { GET_RECORDS_ITEMS_MAX, POLL_INTERVAL_MILLIS } from '../../lib/local/ground/limits.ts';
import {
  BATCH_GET_KEYS_MAX,
  CHILD_COUNT_PAGE_ITEMS,
  COUNTED_TOGETHER_MAX,
  PARENTS_TOGETHER_MAX,
  STATEMENTS_MAX,
  TRANSACTIONS_TOGETHER_MAX,
} from '../../lib/protocol/limits.ts';
import {
  CPU_MILLIS_PER_FURTHER_ITEM,
  CPU_MILLIS_PER_RECORD,
  CPU_MILLIS_PER_REQUEST,
  coreShare,
  READ_MILLIS,
  TRANSACTION_MILLIS,
  WRITE_MILLIS,
} from './latency.ts';
import { dollarsOf } from './prices.ts';
import type { MappingChoice } from './stream-run.ts';

export interface Scenario {
  readonly name: string;
  readonly services: number;
  readonly tasksPerService: number;
  readonly deletesPerSecond: number;
  /** Shards of the Tasks table's stream: one for each partition. Deletes are spread over them evenly. */
  readonly shards: number;
  /** Services whose tasks are being deleted at a time; all of them when deletes come in random order. */
  readonly servicesAtATime: number;
  readonly choice: MappingChoice;
}

export interface Prediction {
  readonly scenario: Scenario;
  /** From a delete to the end of its batch, once things have settled; grows for ever where the shard can't keep up. */
  readonly lagSeconds: number;
  readonly keepsUp: boolean;
  readonly hours: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly invocations: number;
  readonly dollars: number;
  /** How much of each resource is used, 1 being all of it; the largest is the first bottleneck. */
  readonly loads: Readonly<Record<Resource, number>>;
}

export const RESOURCES = [
  'tasks partition, writes',
  'shard, reads',
  'function, processor',
  'counter item, writes',
] as const;
export type Resource = (typeof RESOURCES)[number];

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
const PARTITION_WRITE_UNITS_PER_SECOND = 1000;
const STEP_MILLIS = 10;
/** As long as it takes to see whether a shard keeps up. */
const SIMULATED_MILLIS = 300_000;
/** A task's keys and little else: what a count reads of it. */
const TASK_BYTES = 100;
/** Writes of a deletion without networks: the service and its index entry, the counter, the receipt; twice each. */
const DELETION_WRITE_UNITS = 8;

/** Different ones among so many draws from so many. */
function distinct(draws: number, among: number): number {
  return among * -Math.expm1(draws * Math.log1p(-1 / Math.max(among, 1 + 1e-12)));
}

interface Batch {
  readonly millis: number;
  readonly parents: number;
}

function batchOf(records: number, { servicesAtATime, tasksPerService, choice }: Scenario): Batch {
  const parents = servicesAtATime === 1 ? 1 : distinct(records, servicesAtATime);
  const deletions = records / tasksPerService;
  // What many ask goes together. Of less than one deletion a batch, that part of a request.
  const requestsFor = (items: number, itemsMax: number) => (items < 1 ? items : Math.ceil(items / itemsMax));
  const requests =
    requestsFor(parents, BATCH_GET_KEYS_MAX) +
    requestsFor(parents, STATEMENTS_MAX) +
    requestsFor(deletions, BATCH_GET_KEYS_MAX) +
    requestsFor(deletions, COUNTED_TOGETHER_MAX) +
    requestsFor(deletions, TRANSACTIONS_TOGETHER_MAX);
  // A key and a statement for each parent; of a deletion also its parent, its count, and three actions.
  const furtherItems = Math.max(0, 2 * parents + 5 * deletions - requests);
  const cpuMillis =
    records * CPU_MILLIS_PER_RECORD + requests * CPU_MILLIS_PER_REQUEST + furtherItems * CPU_MILLIS_PER_FURTHER_ITEM;
  const deleting = Math.min(1, deletions) * (2 * READ_MILLIS + TRANSACTION_MILLIS);
  const waiting = Math.ceil(parents / PARENTS_TOGETHER_MAX) * (READ_MILLIS + WRITE_MILLIS + deleting);
  return { millis: waiting + cpuMillis / coreShare(choice.megabytes), parents };
}

export function predict(scenario: Scenario): Prediction {
  const { choice, shards, deletesPerSecond, services, tasksPerService } = scenario;
  const lanes = choice.parallelization;
  const perMilli = deletesPerSecond / shards / 1000;
  const pollRecords = GET_RECORDS_ITEMS_MAX;
  let [waiting, done, invocations, parents, busyMillis] = [0, 0, 0, 0, 0];
  let lagMillis = 0;
  const buffers = Array.from({ length: lanes }, () => ({
    records: 0,
    readyMillis: Number.POSITIVE_INFINITY,
    freeMillis: 0,
  }));
  for (let now = 0; now < SIMULATED_MILLIS; now += STEP_MILLIS) {
    waiting += perMilli * STEP_MILLIS;
    const read = now % POLL_INTERVAL_MILLIS === 0 ? Math.min(pollRecords, waiting) : 0;
    waiting -= read;
    for (const lane of buffers) {
      // The first record opens the window.
      if (lane.records === 0 && read > 0) lane.readyMillis = Math.max(now, lane.freeMillis) + choice.windowMillis;
      lane.records += read / lanes;
      const isDue = now >= lane.readyMillis || lane.records >= choice.batchRecords;
      if (lane.records === 0 || !isDue || now < lane.freeMillis) continue;
      const records = Math.min(lane.records, choice.batchRecords);
      const batch = batchOf(records, scenario);
      lane.records -= records;
      lane.freeMillis = now + batch.millis;
      lane.readyMillis = lane.freeMillis + choice.windowMillis;
      invocations++;
      parents += batch.parents;
      done += records;
      busyMillis += batch.millis;
      // The oldest of the batch has waited for all that was written after it.
      lagMillis = (waiting + (lane.records + records) * lanes) / perMilli + batch.millis;
    }
  }
  const scale = (services * tasksPerService) / done;
  // What would be needed, which may be more than there is.
  const busyShare = ((busyMillis / done) * perMilli) / lanes;
  const seconds = (services * tasksPerService) / deletesPerSecond;
  // A count page ends a service's run of decrements; each reads up to a page of what is left.
  const recounts = services * Math.floor(tasksPerService / CHILD_COUNT_PAGE_ITEMS);
  const recountUnits = Math.min(256, (CHILD_COUNT_PAGE_ITEMS * TASK_BYTES) / 4096);
  const usage = {
    writeUnits: parents * scale + recounts + services * DELETION_WRITE_UNITS,
    // Whoever settles asks once whether anything is being learned.
    readUnits: parents * scale + recounts * recountUnits + services * 2 + Math.min(services, invocations * scale),
    invocations: invocations * scale,
    billedMillis: busyMillis * scale,
  };
  const batchesPerSecond = invocations / (SIMULATED_MILLIS / 1000);
  const loads: Record<Resource, number> = {
    'tasks partition, writes': deletesPerSecond / shards / PARTITION_WRITE_UNITS_PER_SECOND,
    'shard, reads': perMilli / (pollRecords / POLL_INTERVAL_MILLIS),
    'function, processor': busyShare,
    'counter item, writes':
      scenario.servicesAtATime === 1 ? (batchesPerSecond * shards) / PARTITION_WRITE_UNITS_PER_SECOND : 0,
  };
  return {
    scenario,
    lagSeconds: lagMillis / 1000,
    keepsUp: Math.max(...Object.values(loads)) <= 1,
    hours: seconds / 3600,
    writeUnits: usage.writeUnits,
    readUnits: usage.readUnits,
    invocations: usage.invocations,
    dollars: dollarsOf(usage, choice.megabytes),
    loads,
  };
}
