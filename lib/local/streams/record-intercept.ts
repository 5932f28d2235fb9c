/** What can go wrong between a stream and a function, and never does here by itself. */
import type { StreamRecord } from './record.ts';

/** A record that a mapping has read, wants, and is about to hand on. */
export interface RecordArrival {
  /** The mapping's logical id. */
  readonly mapping: string;
  readonly functionName: string;
  readonly record: StreamRecord;
}

/**
 * When each copy of the record arrives, in real milliseconds from now. Undefined or `[0]`: once, at once. `[]`: never.
 * `[0, 500]`: twice. `[500]`: late, so that others overtake it and batches are cut in other places.
 */
export type RecordIntercept = (arrival: RecordArrival) => readonly number[] | undefined;
