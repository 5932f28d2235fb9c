/** A whole sweep, in as many invocations as it takes. */
import { isDeepStrictEqual } from 'node:util';
import { DeallocatorError } from '../../protocol/errors.ts';
import type { SweepAnswer, SweepFailure } from '../../streams/sweep-requested.ts';
import type { SweepPort } from './settle-parents.ts';

/** An invocation takes up to 15 minutes and settles some hundred thousand parents; after a day of them, a sweep makes no progress. */
export const SWEEP_INVOCATIONS_MAX = 100;

/** How a whole sweep is done. */
export interface SweepOptions {
  /** Also finds marks without `markedAt` whose record was lost; reads the tables of all guarded kinds whole. @default false */
  readonly full?: boolean;
  /** Begins anew, instead of where an unfinished sweep has stopped. @default false */
  readonly restart?: boolean;
  /** What asks for the sweep, for the function's log and for the receipts. @default 'by hand' */
  readonly trigger?: string;
  /** Its reason is thrown between two invocations. */
  readonly signal?: AbortSignal | undefined;
  /** After each invocation. */
  readonly onAnswer?: (answer: SweepAnswer) => void;
}

/** All invocations together. */
export interface SweepResult {
  /** Invocations that it took, at most 100. */
  readonly invocations: number;
  /** Marked parents that were looked at. Where a pass began anew, all counts but those of deletions are of the last pass. */
  readonly settled: number;
  /** Services and networks that went. */
  readonly deletedCount: number;
  /** Services and networks that could not be settled. */
  readonly failedCount: number;
  /** Marked objects that were seen and are still there. */
  readonly stillMarked: number;
  /** Names such as `service#web`, at most 1,000 of each invocation. */
  readonly deleted: readonly string[];
  /** What could not be settled, at most 1,000 of each invocation. */
  readonly failed: readonly SweepFailure[];
  /** Age of the oldest mark that was seen and is still there; 0 without any. */
  readonly oldestMarkSeconds: number;
  /** Kinds whose users are still being counted: nothing of them was deleted, and a later sweep goes on. Absent: none. */
  readonly learning?: readonly string[];
}

/**
 * Fails with `Aborted` when it is not complete after 100 invocations; the next sweep continues there. Where another sweep has
 * moved the place from which this one was to continue, it begins anew: neither may have seen what lies in between.
 */
export async function sweepAll(sweep: SweepPort, options: SweepOptions = {}): Promise<SweepResult> {
  const { trigger = 'by hand', full = false } = options;
  const all: SweepAnswer[] = [];
  let pass: SweepAnswer[] = [];
  let restart = options.restart === true;
  do {
    options.signal?.throwIfAborted();
    if (all.length === SWEEP_INVOCATIONS_MAX) {
      throw new DeallocatorError(
        'Aborted',
        `the sweep was not complete after ${SWEEP_INVOCATIONS_MAX} invocations; look at what its log says, then try again`,
      );
    }
    const answer = await sweep.invoke({ trigger, restart, full });
    const last = restart ? undefined : pass.at(-1);
    restart = last !== undefined && !isDeepStrictEqual(answer.startedAt, last.resumeAt);
    all.push(answer);
    pass = restart ? [] : [...pass, answer];
    options.onAnswer?.(answer);
  } while (pass.at(-1)?.complete !== true);
  const learning = pass.at(-1)?.learning;
  const sum = (count: (answer: SweepAnswer) => number) => pass.reduce((total, answer) => total + count(answer), 0);
  return {
    invocations: all.length,
    settled: sum(({ settled }) => settled),
    deletedCount: all.reduce((total, { deletedCount }) => total + deletedCount, 0),
    failedCount: sum(({ failedCount }) => failedCount),
    stillMarked: sum(({ stillMarked }) => stillMarked),
    deleted: all.flatMap(({ deleted }) => deleted),
    failed: pass.flatMap(({ failed }) => failed),
    oldestMarkSeconds: Math.max(...pass.map(({ oldestMarkSeconds }) => oldestMarkSeconds)),
    ...(learning && { learning }),
  };
}
