/** A whole sweep, in as many invocations as it takes. */
import { DeallocatorError } from '../protocol/errors.ts';
import type { SweepAnswer } from '../streams/sweep.ts';
import type { SweepPort } from './settle-parents.ts';

/** One invocation settles for almost 15 minutes, some hundred thousand parents. More than this many are another problem. */
const INVOCATIONS_MAX = 100;

export interface SweepOptions {
  /** Also finds marks without `markedAt` whose record was lost; reads the Services and Networks tables whole. @default false */
  readonly full?: boolean;
  /** From the beginning, instead of where an unfinished sweep has stopped. @default false */
  readonly restart?: boolean;
  /** Who asks, for the function's log and for the receipts. @default 'by hand' */
  readonly trigger?: string;
  /** Its reason is thrown between two invocations. */
  readonly signal?: AbortSignal;
  /** After each invocation. */
  readonly onAnswer?: (answer: SweepAnswer) => void;
}

/** All invocations together. */
export interface SweepResult {
  readonly invocations: number;
  /** Marked parents that were looked at. */
  readonly settled: number;
  readonly deletedCount: number;
  readonly failedCount: number;
  readonly stillMarked: number;
  /** Names such as `service#web`, at most 1,000 of each invocation. */
  readonly deleted: readonly string[];
  /** At most 1,000 of each invocation. */
  readonly failed: SweepAnswer['failed'];
  /** Age of the oldest mark that was seen and is still there; 0 if there is none. */
  readonly oldestMarkSeconds: number;
}

/** Fails with `Aborted` when it is not complete after 100 invocations; the next one goes on there. */
export async function sweepAll(sweep: SweepPort, options: SweepOptions = {}): Promise<SweepResult> {
  const answers: SweepAnswer[] = [];
  do {
    options.signal?.throwIfAborted();
    if (answers.length === INVOCATIONS_MAX) {
      throw new DeallocatorError(
        'Aborted',
        `the sweep was not complete after ${INVOCATIONS_MAX} invocations; sweep again to go on`,
      );
    }
    const answer = await sweep.invoke({
      trigger: options.trigger ?? 'by hand',
      restart: answers.length === 0 && options.restart === true,
      full: options.full === true,
    });
    answers.push(answer);
    options.onAnswer?.(answer);
  } while (answers.at(-1)?.complete !== true);
  const sum = (count: (answer: SweepAnswer) => number) => answers.reduce((total, answer) => total + count(answer), 0);
  return {
    invocations: answers.length,
    settled: sum(({ settled }) => settled),
    deletedCount: sum(({ deletedCount }) => deletedCount),
    failedCount: sum(({ failedCount }) => failedCount),
    stillMarked: sum(({ stillMarked }) => stillMarked),
    deleted: answers.flatMap(({ deleted }) => deleted),
    failed: answers.flatMap(({ failed }) => failed),
    oldestMarkSeconds: Math.max(...answers.map(({ oldestMarkSeconds }) => oldestMarkSeconds)),
  };
}
