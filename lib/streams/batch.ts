/** A batch of stream records, grouped by parent, and the partial response that names those that failed. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { invalid } from '../protocol/arguments.ts';
import type { DeallocatorError } from '../protocol/errors.ts';
import { PARENTS_TOGETHER_MAX } from '../protocol/limits.ts';
import { mapTogether } from '../protocol/parallel.ts';
import type { Store } from '../protocol/store.ts';
import type { FunctionPorts } from './ports.ts';
import {
  compareSequenceNumbers,
  isMalformed,
  type MalformedRecord,
  type RecordSource,
  type StreamRecord,
} from './records.ts';
import type { Telemetry } from './telemetry.ts';

export interface StreamEvent {
  readonly Records: readonly unknown[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** One parent's records in a batch, in the stream's order. */
export interface ParentRecords {
  readonly parent: ItemKey;
  readonly records: readonly StreamRecord[];
}

/** What an invocation has for one parent's records. */
export interface RecordWork {
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly ports: FunctionPorts;
  readonly source: RecordSource;
}

/**
 * Hands each parent's records to `process`, parents together. A parent that fails, or a record that can't be read, fails
 * alone. Lambda then delivers everything from the lowest failed sequence number on; what was done is done again without
 * harm. All failed records are named, lowest first. If a failed record has no sequence number, the batch throws.
 */
export async function processBatch(
  event: StreamEvent,
  read: (record: unknown) => StreamRecord | MalformedRecord | undefined,
  telemetry: Telemetry,
  process: (group: ParentRecords) => Promise<void>,
): Promise<BatchResponse> {
  if (!Array.isArray(event?.Records)) {
    throw invalid('the event has no list of Records; this function takes the events of a DynamoDB stream');
  }
  const failed: string[] = [];
  let unnamed: DeallocatorError | undefined;
  const groups = new Map<string, { parent: ItemKey; records: StreamRecord[] }>();
  for (const record of event.Records.map(read)) {
    if (record === undefined) continue;
    if (isMalformed(record)) {
      telemetry.failed(`record ${record.sequenceNumber ?? 'without a sequence number'}`, record.error);
      if (record.sequenceNumber === undefined) unnamed = record.error;
      else failed.push(record.sequenceNumber);
      continue;
    }
    const name = itemName(record.parent);
    const group = groups.get(name) ?? { parent: record.parent, records: [] };
    group.records.push(record);
    groups.set(name, group);
  }

  await mapTogether([...groups.values()], PARENTS_TOGETHER_MAX, async (group) => {
    try {
      await process(group);
    } catch (error) {
      telemetry.failed(itemName(group.parent), error);
      failed.push(...group.records.map(({ sequenceNumber }) => sequenceNumber));
    }
  });
  if (unnamed !== undefined) throw unnamed;
  return { batchItemFailures: failed.sort(compareSequenceNumbers).map((itemIdentifier) => ({ itemIdentifier })) };
}
