/** A deployment under a drill: its alarms as the template has them, over what its functions really logged. */
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ASSEMBLY_DIRECTORY, readSynthesizedStack, STACK_NAME } from '../../bin/synthesize.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { readAssembly } from '../../lib/local/template/assembly.ts';
import { resolveValue } from '../../lib/local/template/intrinsics.ts';
import { readStack } from '../../lib/local/template/stack.ts';
import { audit } from '../../lib/operate/audit/audit.ts';
import type { Finding } from '../../lib/operate/audit/findings.ts';
import { openDeadLetters, openRecords } from '../../lib/operate/recovery/dead-letter-queue.ts';
import { type RedriveResult, redrive } from '../../lib/operate/recovery/redrive.ts';
import { BATCH_WRITE_ITEMS_MAX } from '../../lib/protocol/limits.ts';
import { chunks, mapInParallel } from '../../lib/protocol/parallel.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { type AlarmProperties, type AlarmState, type Datapoint, embeddedMetrics, evaluate } from './alarm.ts';

export const MINUTE_MILLIS = 60_000;
export const HOUR_MILLIS = 60 * MINUTE_MILLIS;

type Item = Record<string, unknown>;
/** Requests at a time: enough to keep the engine busy. */
const WRITERS = 16;

export interface Drill extends LocalBackend {
  /** Lets so much time pass for alarms, and for the age of records that are held up; nobody waits. */
  pass(millis: number): void;
  /** The alarms that ring now, by their construct's id. */
  ringing(): string[];
  /** An hour later, with the sweep that comes in it: what rang because of something that is over does not any more. */
  ringingLater(): Promise<string[]>;
  /** The sum of a metric over the whole drill. */
  sum(metric: string): number;
  redrive(): Promise<RedriveResult>;
  /** Whether records are lost on their way to the functions from now on. */
  loseRecords(lost: boolean): void;
  /** What an audit finds, without waiting whether it goes by itself. */
  findings(): Promise<readonly Finding[]>;
  /** Writes items, or the keys of items to delete, 25 at a time: as fast as they go. */
  writeAll(table: TableName, items: readonly Item[], how: 'put' | 'delete'): Promise<void>;
  /** How many records have reached the mapping of a function. */
  arrived(functionName: string): number;
}

const { functions } = readSynthesizedStack();
const findFunction = (name: string) => functions.find(({ environment }) => environment.DEALLOCATOR_FUNCTION === name);
const physicalName = (name: string): string => findFunction(name)?.name ?? name;
/** Under which a function signs its requests, by the name that it calls itself. */
export const principalOf = (name: string): string => findFunction(name)?.logicalId ?? name;

/** And not whoever writes from outside, with the tables' policies or without. */
export const isFunctions = (principal: string): boolean => functions.some(({ logicalId }) => logicalId === principal);

interface NamedAlarm {
  readonly name: string;
  readonly properties: AlarmProperties;
}

/** Of the template, with the functions' and queues' names as they are here. */
export function readAlarms(): { alarms: readonly NamedAlarm[]; queueName: (logicalId: string) => string } {
  const { scope } = readStack(readAssembly(ASSEMBLY_DIRECTORY, STACK_NAME));
  const resources = Object.entries(scope.template.Resources);
  const alarms = resources.flatMap(([logicalId, { Type, Properties }]) => {
    if (Type !== 'AWS::CloudWatch::Alarm') return [];
    const name = /Alarms(\w+)[0-9A-F]{8}$/.exec(logicalId)?.[1] ?? logicalId;
    return [{ name, properties: resolveValue(Properties, scope) as AlarmProperties }];
  });
  const queueName = (logicalId: string) => scope.resources.get(logicalId)?.attributes.QueueName ?? logicalId;
  return { alarms, queueName };
}

export async function startDrill(): Promise<Drill> {
  const { alarms, queueName } = readAlarms();
  const backend = await localBackend();
  const { cloud } = backend;
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const datapoints: Datapoint[] = [];
  const states = new Map<string, AlarmState>();
  let passedMillis = 0;
  let linesRead = 0;
  const nowEpochMillis = () => Date.now() + passedMillis;

  /** Lines are stamped in real time. What passed since they were written must not make them younger: so before it passes. */
  const readLog = (): void => {
    for (const line of backend.log.slice(linesRead)) {
      const points = embeddedMetrics(line);
      datapoints.push(...points.map((point) => ({ ...point, atEpochMillis: point.atEpochMillis + passedMillis })));
    }
    linesRead = backend.log.length;
  };

  /** What Lambda and SQS tell of the same things: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
  const addAws = (namespace: string, metric: string, dimensions: Record<string, string>, value: number): void => {
    datapoints.push({ namespace, metric, dimensions, atEpochMillis: nowEpochMillis(), value });
  };
  const arrivedEpochMillis = new Map<string, number>();
  const arrivals = new Map<string, number>();
  let areLost = false;
  cloud.setRecordIntercept(({ record, functionName }) => {
    if (areLost) return [];
    arrivedEpochMillis.set(record.dynamodb.SequenceNumber, nowEpochMillis());
    arrivals.set(functionName, (arrivals.get(functionName) ?? 0) + 1);
    return undefined;
  });
  cloud.onDelivery(({ functionName, records, result, error }) => {
    if (result === 'RetryAttemptsExhausted' || result === 'RecordAgeExceeded') return;
    const dimensions = { FunctionName: functionName };
    const last = records.at(-1)?.dynamodb.SequenceNumber ?? '';
    const arrived = arrivedEpochMillis.get(last) ?? nowEpochMillis();
    addAws('AWS/Lambda', 'IteratorAge', dimensions, nowEpochMillis() - arrived);
    addAws('AWS/Lambda', 'Errors', dimensions, error === undefined ? 0 : 1);
  });
  const countLetters = (): void => {
    const counts = new Map<string, number>();
    for (const { queue } of cloud.deadLetters()) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    for (const [queue, count] of counts) {
      addAws('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queueName(queue) }, count);
    }
  };

  const drill: Drill = {
    ...backend,
    loseRecords(lost) {
      areLost = lost;
    },
    arrived: (functionName) => arrivals.get(physicalName(functionName)) ?? 0,
    pass(millis) {
      readLog();
      passedMillis += millis;
    },
    ringing() {
      readLog();
      countLetters();
      for (const { name, properties } of alarms) {
        const before = states.get(name) ?? 'INSUFFICIENT_DATA';
        states.set(name, evaluate(properties, datapoints, nowEpochMillis(), before));
      }
      return alarms
        .map(({ name }) => name)
        .filter((name) => states.get(name) === 'ALARM')
        .sort();
    },
    async ringingLater() {
      drill.pass(HOUR_MILLIS);
      await backend.sweep();
      return drill.ringing();
    },
    sum(metric) {
      readLog();
      return datapoints.filter((point) => point.metric === metric).reduce((sum, { value }) => sum + value, 0);
    },
    async writeAll(table, items, how) {
      // A restore writes tables that have no policies yet.
      const credentials = { accessKeyId: cloud.breakGlassKeyId, secretAccessKey };
      const db = connectRaw({ ...connection, credentials });
      const requests = items.map((item) =>
        how === 'put' ? { PutRequest: { Item: item } } : { DeleteRequest: { Key: item } },
      );
      await mapInParallel(chunks(requests, BATCH_WRITE_ITEMS_MAX), WRITERS, (some) =>
        db.send(new BatchWriteCommand({ RequestItems: { [backend.tables[table]]: some } })),
      );
      db.destroy();
    },
    async findings() {
      const db = connectRaw(connection);
      const { findings } = await audit(db, backend.tables, { confirmMillis: 0 });
      db.destroy();
      return findings;
    },
    async redrive() {
      const { signal } = new AbortController();
      const deadLetters = openDeadLetters(connection, cloud.outputs.DeadLetterQueueUrl, signal);
      const records = openRecords(connection, signal);
      try {
        const sweep = { invoke: (request: Parameters<LocalBackend['sweep']>[0]) => backend.sweep(request) };
        return await redrive({ deadLetters, records, sweep }, backend.tables, { signal });
      } finally {
        deadLetters.close();
        records.close();
      }
    },
  };
  await backend.sweep(); // the deployment's
  return drill;
}
