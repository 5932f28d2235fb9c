/** Reads messages of the dead-letter queue without trusting them: what can't be read is reported, and never dropped. */

import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { shown } from '../../protocol/arguments.ts';
import { isMalformed, type RecordReader, recordReader } from '../../streams/records.ts';
import { isMap } from '../values.ts';

/** Where the records of a failed batch are. The stream keeps them for 24 hours. */
export interface BatchPlace {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
}

export type DeadLetter =
  /** From an event source mapping: it names a batch of records. */
  | { readonly kind: 'batch'; readonly place: BatchPlace; readonly read: RecordReader }
  /** From the sweep: a failed asynchronous invocation, or a scheduled event that was not delivered. */
  | { readonly kind: 'sweep' }
  /** No function of this deployment could have left it. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface RecordsRead {
  /** Each once: names such as `service#web`, or `task#3#web#1` for a task that holds networks. */
  readonly parents: readonly string[];
  /** What could not be read, each a sentence. */
  readonly malformed: readonly string[];
}

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html and
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
export function readDeadLetter(body: string, tables: PhysicalNames, plan: Plan): DeadLetter {
  let letter: unknown;
  try {
    letter = JSON.parse(body);
  } catch {
    return { kind: 'unknown', why: `its body is not JSON: ${shown(body)}` };
  }
  if (!isMap(letter)) return { kind: 'unknown', why: `its body is not an object: ${shown(letter)}` };
  const batch: unknown = letter.DDBStreamBatchInfo;
  // A sweep's event has whatever input was configured, so nothing else of it can be checked.
  if (batch === undefined) return { kind: 'sweep' };
  const { streamArn, shardId, startSequenceNumber, endSequenceNumber } = isMap(batch) ? batch : {};
  const isPlace =
    isText(streamArn) &&
    isText(shardId) &&
    isSequenceNumber(startSequenceNumber) &&
    isSequenceNumber(endSequenceNumber);
  if (!isPlace) return { kind: 'unknown', why: `its DDBStreamBatchInfo names no records: ${shown(batch)}` };
  const table = streamedTable(streamArn, tables, plan);
  if (table === undefined) {
    return { kind: 'unknown', why: `it is of the stream ${streamArn}, which belongs to no table of this deployment` };
  }
  return {
    kind: 'batch',
    place: { streamArn, shardId, startSequenceNumber, endSequenceNumber },
    read: recordReader(plan, table),
  };
}

/**
 * The names whose settling makes up for records that no function has processed: the item itself, if it is guarded, or holds
 * something; what it lies under; and what it names no more, since its attachment there may be stale after a raw write.
 */
export function parentsOfRecords(records: readonly unknown[], read: RecordReader, plan: Plan): RecordsRead {
  const parents = new Set<string>();
  const malformed: string[] = [];
  for (const record of records.map(read)) {
    if (record === undefined) continue;
    if (isMalformed(record)) {
      malformed.push(`record ${record.sequenceNumber ?? 'without a sequence number'}: ${record.error.message}`);
      continue;
    }
    const { item, before, after } = record;
    for (const parent of record.parents) parents.add(itemName(parent));
    const isGuarded = item !== undefined && plan.kinds[item.kind]?.isGuarded === true;
    if (isGuarded) parents.add(itemName(item));
    const still = new Set(after?.names.map(itemName));
    for (const name of before?.names.map(itemName) ?? []) if (!still.has(name)) parents.add(name);
    if (item !== undefined && still.size > 0) parents.add(itemName(item));
  }
  return { parents: [...parents], malformed };
}

/** `arn:aws:dynamodb:eu-central-1:123456789012:table/NAME/stream/2026-01-01T00:00:00.000` */
function streamedTable(streamArn: string, tables: PhysicalNames, { functions }: Plan): string | undefined {
  const [, name] = /:table\/([^/]+)\/stream\//.exec(streamArn) ?? [];
  const streamed = Object.values(functions).map(({ table }) => table);
  return streamed.find((table) => (tables as Readonly<Record<string, string>>)[table] === name);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isSequenceNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,40}$/.test(value);
}
