/** Reads what is in the dead-letter queue, trusting nothing: whatever can't be read is said, and never dropped. */
import { PARENT_TABLES, type PhysicalNames, TABLES } from '../dynamodb/schema.ts';
import { KINDS, type ParentKind, parentName, referencedNetworks } from '../protocol/model.ts';
import { type Image, isMalformed, readRecord } from '../streams/records.ts';
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

/** What the records of one table's stream tell of. */
export interface RecordSource {
  readonly parent: ParentKind;
  /** The attribute of their keys that holds the parent's id. */
  readonly keyAttribute: string;
  /** Whether they are of the parent itself, with both images, and not of a child. */
  readonly isOwn: boolean;
}

export interface RecordsRead {
  /** Names such as `service#web`, each once. */
  readonly parents: readonly string[];
  /** What could not be read, in the reader's words. */
  readonly malformed: readonly string[];
}

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html and
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
export function readDeadLetter(body: string, tables: PhysicalNames): DeadLetter {
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
  const source = sourceOf(streamArn, tables);
  if (source === undefined) {
    return { kind: 'unknown', why: `it is of the stream ${streamArn}, which belongs to no table of this deployment` };
  }
  return { kind: 'batch', place: { streamArn, shardId, startSequenceNumber, endSequenceNumber }, source };
}

/**
 * The parents whose settling makes up for records that no function has processed. Of a service's own records these are also
 * the networks that it refers to no more: their attachments of this service are stale, if raw hands wrote it.
 */
export function parentsOfRecords(
  records: readonly unknown[],
  { parent: kind, keyAttribute, isOwn }: RecordSource,
): RecordsRead {
  const parents = new Set<string>();
  const malformed: string[] = [];
  for (const record of records) {
    const read = readRecord(record, kind, keyAttribute, isOwn);
    if (isMalformed(read)) {
      malformed.push(`record ${read.sequenceNumber ?? 'without a sequence number'}: ${read.error.message}`);
      continue;
    }
    parents.add(parentName(read.parent));
    const { refersTo } = KINDS[kind];
    if (!isOwn || refersTo === undefined) continue;
    const named = (image: Image | undefined) => (image ? referencedNetworks(read.parent.id, image.lists) : []);
    const still = new Set(named(read.after));
    for (const id of named(read.before)) if (!still.has(id)) parents.add(parentName({ kind: refersTo, id }));
  }
  return { parents: [...parents], malformed };
}

/** `arn:aws:dynamodb:eu-central-1:123456789012:table/NAME/stream/2026-01-01T00:00:00.000` */
function sourceOf(streamArn: string, tables: PhysicalNames): RecordSource | undefined {
  const [, name] = /:table\/([^/]+)\/stream\//.exec(streamArn) ?? [];
  for (const [parent, { parents, children }] of Object.entries(PARENT_TABLES) as [
    ParentKind,
    { parents: 'services' | 'networks'; children: 'tasks' | 'attachments' },
  ][]) {
    if (name === tables[parents]) return { parent, keyAttribute: TABLES[parents].partitionKey, isOwn: true };
    if (name === tables[children]) return { parent, keyAttribute: TABLES[children].partitionKey, isOwn: false };
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isSequenceNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,40}$/.test(value);
}
