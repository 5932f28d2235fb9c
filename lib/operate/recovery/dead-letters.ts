/** Reads messages of the dead-letter queue without trusting them: what can't be read is reported, and never dropped. */

import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { shown } from '../../protocol/arguments.ts';
import { kindRules, referencedNetworks, referredTo, taskKey } from '../../protocol/model.ts';
import type { Rules } from '../../protocol/rules.ts';
import { FUNCTIONS, STREAM_FUNCTION_NAMES } from '../../streams/functions.ts';
import {
  type Image,
  isMalformed,
  type RecordSource,
  readRecord,
  recordSource,
  type StreamRecord,
} from '../../streams/records.ts';
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
  | { readonly kind: 'batch'; readonly place: BatchPlace; readonly source: RecordSource }
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
export function readDeadLetter(body: string, tables: PhysicalNames, rules: Rules): DeadLetter {
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
  const source = sourceOf(streamArn, tables, rules);
  if (source === undefined) {
    return { kind: 'unknown', why: `it is of the stream ${streamArn}, which belongs to no table of this deployment` };
  }
  return { kind: 'batch', place: { streamArn, shardId, startSequenceNumber, endSequenceNumber }, source };
}

/**
 * The parents whose settling makes up for records that no function has processed. A service's own record also names the
 * networks that the service no longer refers to: after a raw write, their attachments of this service are stale. Where tasks
 * hold networks, the same goes for a task's record, which also names the task itself.
 */
export function parentsOfRecords(records: readonly unknown[], source: RecordSource): RecordsRead {
  const parents = new Set<string>();
  const malformed: string[] = [];
  const isOwn = source.of === 'parents';
  for (const record of records) {
    const read = readRecord(record, { ...source, withImages: isOwn || source.childAttribute !== undefined });
    if (read === undefined) continue;
    if (isMalformed(read)) {
      malformed.push(`record ${read.sequenceNumber ?? 'without a sequence number'}: ${read.error.message}`);
      continue;
    }
    parents.add(itemName(read.parent));
    const user = userOf(read, isOwn);
    if (user === undefined) continue;
    const named = (image: Image | undefined) => (image ? referencedNetworks(user, image.lists) : []);
    const still = new Set(named(read.after));
    for (const id of named(read.before)) if (!still.has(id)) parents.add(itemName(referredTo(id)));
    if (user.kind === 'task' && still.size > 0) parents.add(itemName(user));
  }
  return { parents: [...parents], malformed };
}

/** The user of networks that the record is about, if any. */
function userOf({ parent, child }: StreamRecord, isOwn: boolean): ItemKey | undefined {
  if (child !== undefined) return taskKey(parent.id, child);
  return isOwn && kindRules(parent.kind).refersTo !== undefined ? parent : undefined;
}

/** `arn:aws:dynamodb:eu-central-1:123456789012:table/NAME/stream/2026-01-01T00:00:00.000` */
function sourceOf(streamArn: string, tables: PhysicalNames, rules: Rules): RecordSource | undefined {
  const [, name] = /:table\/([^/]+)\/stream\//.exec(streamArn) ?? [];
  const table = STREAM_FUNCTION_NAMES.map((one) => FUNCTIONS[one].table).find((one) => name === tables[one]);
  return table && recordSource(table, rules);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isSequenceNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,40}$/.test(value);
}
