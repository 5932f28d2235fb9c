/** A batch of stream records, grouped by what they are about, and the partial response that names those that failed. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { invalid } from '../protocol/arguments.ts';
import type { DeallocatorError } from '../protocol/errors.ts';
import type { Learning } from '../protocol/learning.ts';
import { PARENTS_TOGETHER_MAX } from '../protocol/limits.ts';
import { mapTogether } from '../protocol/parallel.ts';
import type { Store } from '../protocol/store.ts';
import type { FunctionPorts } from './ports.ts';
import { compareSequenceNumbers, isMalformed, type RecordReader, type StreamRecord } from './records.ts';
import type { Telemetry } from './telemetry.ts';

export interface StreamEvent {
  readonly Records: readonly unknown[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** What an invocation has for the records of one subject. */
export interface Work {
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly ports: FunctionPorts;
  /** What is being learned, as this invocation has read it (docs/design.md §4.4 R59). */
  readonly learning: () => Promise<Learning>;
}

/** One thing that records make a function do, to each subject that they have for it. */
export interface Turn {
  readonly subjectsOf: (record: StreamRecord) => readonly ItemKey[];
  /** @param records that subject's, in the stream's order */
  readonly process: (work: Work, subject: ItemKey, records: readonly StreamRecord[]) => Promise<void>;
}

/**
 * Does one turn after another, each for all of its subjects together. A subject that fails, or a record that can't be read, fails
 * alone, and a record that has failed is in no later turn. Lambda then delivers everything from the lowest failed sequence number
 * on; what was done is done again without harm. All failed records are named, lowest first. If a failed record has no sequence
 * number, the batch throws.
 */
export async function processBatch(
  event: StreamEvent,
  read: RecordReader,
  work: Work,
  turns: readonly Turn[],
): Promise<BatchResponse> {
  if (!Array.isArray(event?.Records)) {
    throw invalid('the event has no list of Records; this function takes the events of a DynamoDB stream');
  }
  const { telemetry } = work;
  const malformed: string[] = [];
  let unnamed: DeallocatorError | undefined;
  const records: StreamRecord[] = [];
  for (const record of event.Records.map(read)) {
    if (record === undefined) continue;
    if (!isMalformed(record)) {
      records.push(record);
      continue;
    }
    telemetry.failed(`record ${record.sequenceNumber ?? 'without a sequence number'}`, record.error);
    if (record.sequenceNumber === undefined) unnamed = record.error;
    else malformed.push(record.sequenceNumber);
  }

  const failed = new Set<StreamRecord>();
  for (const { subjectsOf, process } of turns) {
    const groups = groupBySubject(
      records.filter((record) => !failed.has(record)),
      subjectsOf,
    );
    await mapTogether(groups, PARENTS_TOGETHER_MAX, async (group) => {
      try {
        await process(work, group.subject, group.records);
      } catch (error) {
        telemetry.failed(itemName(group.subject), error);
        for (const record of group.records) failed.add(record);
      }
    });
  }
  if (unnamed !== undefined) throw unnamed;
  const numbers = [...malformed, ...[...failed].map(({ sequenceNumber }) => sequenceNumber)];
  return { batchItemFailures: numbers.sort(compareSequenceNumbers).map((itemIdentifier) => ({ itemIdentifier })) };
}

function groupBySubject(
  records: readonly StreamRecord[],
  subjectsOf: Turn['subjectsOf'],
): { readonly subject: ItemKey; readonly records: StreamRecord[] }[] {
  const groups = new Map<string, { subject: ItemKey; records: StreamRecord[] }>();
  for (const record of records) {
    for (const subject of subjectsOf(record)) {
      const name = itemName(subject);
      const group = groups.get(name) ?? { subject, records: [] };
      group.records.push(record);
      groups.set(name, group);
    }
  }
  return [...groups.values()];
}
