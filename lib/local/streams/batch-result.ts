/** Decides what a function's answer means for a batch and what comes next. delivery.ts carries it out. */
import type { InvocationResult } from '../lambda/pool.ts';
import type { MappingProperties } from './mapping-properties.ts';

export type BatchResult =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed' }
  /** Everything from this record on is delivered again, even what succeeded. */
  | { readonly kind: 'partlyFailed'; readonly firstFailedIndex: number };

const FAILED: BatchResult = { kind: 'failed' };
const SUCCEEDED: BatchResult = { kind: 'succeeded' };

/**
 * Reads the answer as Lambda does. A wrong key at the top looks like an empty answer and is a success, as at AWS.
 * AWS does not document what a number that is not in the batch means. Here the whole batch has failed.
 */
export function readBatchResult(
  result: Pick<InvocationResult, 'error' | 'payload'>,
  sequenceNumbers: readonly string[],
  options: Pick<MappingProperties, 'reportBatchItemFailures'>,
): BatchResult {
  if (result.error !== undefined) return FAILED;
  if (!options.reportBatchItemFailures) return SUCCEEDED;
  const payload = result.payload;
  if (payload === null || typeof payload !== 'object') return SUCCEEDED;
  const failures = (payload as { readonly batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return FAILED;
  if (failures.length === 0) return SUCCEEDED;
  let firstFailedIndex = sequenceNumbers.length;
  for (const failure of failures as readonly { readonly itemIdentifier?: unknown }[]) {
    const index = sequenceNumbers.indexOf(String(failure?.itemIdentifier ?? ''));
    if (index < 0) return FAILED;
    firstFailedIndex = Math.min(firstFailedIndex, index);
  }
  return { kind: 'partlyFailed', firstFailedIndex };
}

/** Consecutive records of a batch that are delivered together, and how often that has been tried. */
export interface Segment<Item> {
  readonly items: readonly Item[];
  /** Retries that count toward the limit. */
  readonly attempts: number;
}

export type NextStep<Item> =
  | { readonly kind: 'done' }
  /** One after the other, each to its end. */
  | { readonly kind: 'retry'; readonly segments: readonly Segment<Item>[] }
  | { readonly kind: 'giveUp' };

/**
 * With bisecting on, a failed batch is halved, and a partly failed one is cut at the failed record: neither costs an attempt. A
 * batch that can't be split, or whose first record is the failed one, has used an attempt.
 */
export function planNextStep<Item>(
  segment: Segment<Item>,
  result: BatchResult,
  options: Pick<MappingProperties, 'bisectBatchOnFunctionError' | 'retryAttemptsMax'>,
): NextStep<Item> {
  if (result.kind === 'succeeded') return { kind: 'done' };
  const { items, attempts } = segment;
  const bisects = options.bisectBatchOnFunctionError;
  if (bisects && result.kind === 'failed' && items.length > 1) {
    const middle = Math.ceil(items.length / 2);
    const halves = [items.slice(0, middle), items.slice(middle)];
    return { kind: 'retry', segments: halves.map((half) => ({ items: half, attempts })) };
  }
  const checkpoint = result.kind === 'partlyFailed' ? result.firstFailedIndex : 0;
  const rest = items.slice(checkpoint);
  if (bisects && checkpoint > 0) return { kind: 'retry', segments: [{ items: rest, attempts }] };
  if (options.retryAttemptsMax !== undefined && attempts >= options.retryAttemptsMax) {
    // The records before the checkpoint are done. Only the rest is given up.
    return checkpoint === 0 ? { kind: 'giveUp' } : { kind: 'retry', segments: [{ items: rest, attempts }] };
  }
  return { kind: 'retry', segments: [{ items: rest, attempts: attempts + 1 }] };
}
