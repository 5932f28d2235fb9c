/** How many records of a burst one batch holds, by the options of a mapping. */
import { GET_RECORDS_ITEMS_MAX, POLL_INTERVAL_MILLIS } from '../../lib/local/ground/limits.ts';
import { FUNCTIONS, MAPPING_DEFAULTS } from '../../lib/streams/functions.ts';

/** Lambda reads at most 1,000 records at a time from a shard, four times a second, until the window ends or the batch is full. */
export function burstBatchRecords(
  batchSize: number = MAPPING_DEFAULTS.batchSize,
  windowMillis: number = FUNCTIONS['task-deleted'].batchingWindowSeconds * 1000,
): number {
  const reads = Math.max(1, Math.floor(windowMillis / POLL_INTERVAL_MILLIS));
  return Math.min(batchSize, reads * GET_RECORDS_ITEMS_MAX);
}
