/** How many records of a burst one batch holds, by the options of a mapping. */
import { GET_RECORDS_ITEMS_MAX, POLL_INTERVAL_MILLIS } from '../../lib/local/ground/limits.ts';
import { MAPPING_DEFAULTS } from '../../lib/streams/functions.ts';
import { PLAN } from '../support/swarmkit.ts';

/** For how long the function of ended tasks gathers records. */
export const TASK_WINDOW_MILLIS = (PLAN.functions['task-deleted']?.batchingWindowSeconds ?? 0) * 1000;

/** Lambda reads at most 1,000 records at a time from a shard, four times a second, until the window ends or the batch is full. */
export function burstBatchRecords(
  batchSize: number = MAPPING_DEFAULTS.batchSize,
  windowMillis: number = TASK_WINDOW_MILLIS,
): number {
  const reads = Math.max(1, Math.floor(windowMillis / POLL_INTERVAL_MILLIS));
  return Math.min(batchSize, reads * GET_RECORDS_ITEMS_MAX);
}
