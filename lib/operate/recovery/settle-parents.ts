/** Asks the sweep function to settle named parents: for repairs and for dead letters. */
import { chunks } from '../../protocol/parallel.ts';
import type { SweepAnswer, SweepRequest } from '../../streams/sweep-requested.ts';

/** Invokes the deployment's sweep function and waits for its answer. Rejects where the function fails. */
export interface SweepPort {
  /** Rejects with `Unavailable` where the function fails. */
  invoke(request: SweepRequest): Promise<SweepAnswer>;
}

/**
 * Names in one request. A sweep of names can't be resumed, so its request must fit one invocation: 100 parents, each with a
 * thousand attachments to check, take a minute or two of its fifteen.
 */
export const SETTLE_NAMES_PER_REQUEST = 100;

export interface SettlingResult {
  readonly deleted: readonly string[];
  /** The sweep's error, by the parent's name. */
  readonly failed: ReadonlyMap<string, string>;
}

/** One request after the other: the sweep settles several parents side by side. */
export async function settleParents(
  sweep: SweepPort,
  trigger: string,
  names: readonly string[],
  signal?: AbortSignal,
  onProgress?: (progress: { readonly done: number; readonly total: number }) => void,
): Promise<SettlingResult> {
  const deleted: string[] = [];
  const failed = new Map<string, string>();
  let done = 0;
  for (const parents of chunks(names, SETTLE_NAMES_PER_REQUEST)) {
    signal?.throwIfAborted();
    const answer = await sweep.invoke({ trigger, parents });
    deleted.push(...answer.deleted);
    for (const { parent, error } of answer.failed) failed.set(parent, error);
    done += parents.length;
    onProgress?.({ done, total: names.length });
  }
  return { deleted, failed };
}
