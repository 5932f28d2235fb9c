/** Reads what is in the dead-letter queue, trusting nothing: whatever can't be read is said, and never dropped. */
import { PARENT_TABLES, type PhysicalNames } from '../dynamodb/schema.ts';
import {
  attachmentName,
  KINDS,
  type ParentKind,
  parentName,
  referencedNetworks,
  type UserKey,
} from '../protocol/model.ts';
import type { Rules } from '../protocol/rules.ts';
import {
  type Image,
  isMalformed,
  type RecordSource,
  readRecord,
  recordSource,
  type StreamRecord,
} from '../streams/records.ts';
import { isMap, shown } from './snapshot.ts';

/** Where the records of a batch that was given up are. They are in the stream for 24 hours. */
export interface BatchPlace {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
}

export type DeadLetter =
  /** Of an event source mapping: it names a batch of records. */
  | { readonly kind: 'batch'; readonly place: BatchPlace; readonly source: RecordSource }
  /** Of the sweep: an asynchronous invocation, or a scheduled event that was not delivered. */
  | { readonly kind: 'sweep' }
  /** Nothing that this deployment's functions could have left. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface RecordsRead {
  /** Names such as `service#web`, each once; of a task that holds networks such as `task#3#web#1`. */
  readonly parents: readonly string[];
  /** What could not be read, in the reader's words. */
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
    return { kind: 'unknown', why: `its body is no JSON: ${shown(body)}` };
  }
  if (!isMap(letter)) return { kind: 'unknown', why: `its body is no object: ${shown(letter)}` };
  const batch: unknown = letter.DDBStreamBatchInfo;
  // An event's input is whatever was configured, so it can't be told apart any further.
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
 * The parents whose settling makes up for records that no function has processed. Of a service's own records these are also
 * the networks that it refers to no more: their attachments of this service are stale, if raw hands wrote it. Where tasks hold
 * networks, the same of a task's records, and the task itself.
 */
export function parentsOfRecords(records: readonly unknown[], source: RecordSource): RecordsRead {
  const parents = new Set<string>();
  const malformed: string[] = [];
  const isOwn = source.of === 'parents';
  for (const record of records) {
    const read = readRecord(record, { ...source, withImages: isOwn || source.childAttribute !== undefined });
    if (isMalformed(read)) {
      malformed.push(`record ${read.sequenceNumber ?? 'without a sequence number'}: ${read.error.message}`);
      continue;
    }
    parents.add(parentName(read.parent));
    const user = userOf(read, isOwn);
    if (user === undefined) continue;
    const named = (image: Image | undefined) => (image ? referencedNetworks(attachmentName(user), image.lists) : []);
    const still = new Set(named(read.after));
    for (const id of named(read.before)) if (!still.has(id)) parents.add(parentName({ kind: 'network', id }));
    if (user.kind === 'task' && still.size > 0) parents.add(attachmentName(user));
  }
  return { parents: [...parents], malformed };
}

/** Who refers to networks, where the record tells of one. */
function userOf({ parent, child }: StreamRecord, isOwn: boolean): UserKey | undefined {
  if (child !== undefined) return { kind: 'task', serviceId: parent.id, id: child };
  return isOwn && KINDS[parent.kind].refersTo !== undefined ? parent : undefined;
}

/** `arn:aws:dynamodb:eu-central-1:123456789012:table/NAME/stream/2026-01-01T00:00:00.000` */
function sourceOf(streamArn: string, tables: PhysicalNames, rules: Rules): RecordSource | undefined {
  const [, name] = /:table\/([^/]+)\/stream\//.exec(streamArn) ?? [];
  for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
    for (const of of ['parents', 'children'] as const) {
      if (name === tables[PARENT_TABLES[kind][of]]) return recordSource(kind, of, rules);
    }
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isSequenceNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,40}$/.test(value);
}
