/**
 * One retry policy for every request. The SDK's own is not enough: it never repeats a cancelled transaction, not even one
 * that only a conflict or throttling has cancelled.
 */
import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { REQUEST_PAUSE_BASE_MILLIS, REQUEST_PAUSE_MAX_MILLIS, REQUEST_TRIES_MAX } from '../protocol/limits.ts';

/**
 * - `conflict`: another request was at work on the item.
 * - `throttled`: more than the table, the index or the account takes right now.
 * - `unanswered`: a server or network error; a write may have been done. Every write is safe to repeat. Marks and counter creations
 * are transactions with a token; the single writes (decrement, recount, close, unstamp) are repeated in the model
 * (test/model).
 * - `refused`: a condition was false.
 * - `final`: it would fail again.
 */
export type Failure = RetriedFailure | 'refused' | 'final';
export type RetriedFailure = 'conflict' | 'throttled' | 'unanswered';

const CONFLICT = new Set([
  'TransactionConflict',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
]);
const UNANSWERED = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'InternalServerError',
  'ServiceUnavailable',
  // An answer that was cut off, or that was not DynamoDB's.
  'SyntaxError',
]);

export function classify(error: unknown): Failure {
  if (!(error instanceof Error)) return 'final';
  if (error.name === 'ConditionalCheckFailedException') return 'refused';
  if (error.name === 'TransactionCanceledException') return classifyReasons(cancellationReasons(error));
  if (CONFLICT.has(error.name)) return 'conflict';
  const { syscall, code, $metadata } = error as NodeJS.ErrnoException & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (isThrottling(error.name) || status === 429) return 'throttled';
  // Where the network failed, Node names the system call, or a code in capitals (ECONNRESET, EPROTO, …).
  const isNetwork = syscall !== undefined || (status === undefined && /^E[A-Z_]+$/.test(String(code)));
  if ((status ?? 0) >= 500 || isNetwork || UNANSWERED.has(error.name)) return 'unanswered';
  return 'final';
}

/** ThrottlingException, ProvisionedThroughputExceededException, RequestLimitExceeded, KMSThrottlingException, … */
function isThrottling(name: string): boolean {
  return /Throttling|ThroughputExceeded|LimitExceeded/.test(name) && !name.startsWith('ItemCollection');
}

/** A transaction's reasons, in the order of its actions. */
export function cancellationReasons(error: unknown): readonly CancellationReason[] {
  return (error as { CancellationReasons?: CancellationReason[] }).CancellationReasons ?? [];
}

/** A false condition outweighs a conflict beside it: it would be false again. */
function classifyReasons(reasons: readonly CancellationReason[]): Failure {
  const codes = reasons.map(({ Code }) => Code ?? 'None').filter((code) => code !== 'None');
  if (codes.includes('ConditionalCheckFailed')) return 'refused';
  if (codes.length === 0 || codes.some((code) => !CONFLICT.has(code) && !isThrottling(code))) return 'final';
  return codes.some(isThrottling) ? 'throttled' : 'conflict';
}

export interface RetryObserver {
  /** Called before each further try. */
  onRetry(failure: RetriedFailure, request: string): void;
}

/** Tries a request until it is answered, refused or final, or the tries are used up. */
export async function sendWithRetries<T>(
  request: string,
  send: () => Promise<T>,
  chance: Chance,
  observer: RetryObserver,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      const failure = classify(error);
      if (failure === 'refused') throw error;
      if (failure === 'final') throw unacceptable(request, error);
      if (tries === REQUEST_TRIES_MAX) throw givenUp(request, failure, error);
      observer.onRetry(failure, request);
      await chance.pause(retryPauseMillis(chance, tries));
    }
  }
}

export function retryPauseMillis(chance: Chance, tries: number): number {
  return chance.fraction() * Math.min(REQUEST_PAUSE_MAX_MILLIS, REQUEST_PAUSE_BASE_MILLIS * 2 ** tries);
}

/** Trying again can't help: the request is not well formed, or the account's set-up does not let it through. */
function unacceptable(request: string, error: unknown): DeallocatorError {
  const { name, message, $metadata } = error as Error & { $metadata?: unknown };
  const isSetup =
    /AccessDenied|ResourceNotFound|UnrecognizedClient|ExpiredToken|Credentials|InvalidSignature|TooSkewed/.test(name);
  const isService = $metadata !== undefined;
  const advice = isSetup
    ? 'check the table names, the Region and the grants'
    : 'correct the item or the id that it names';
  return new DeallocatorError(
    isSetup ? 'FailedPrecondition' : 'InvalidArgument',
    `${request} was ${isService ? 'rejected by DynamoDB' : 'not sent'}: ${name}: ${message}; ${advice}`,
    { cause: error },
  );
}

function givenUp(request: string, failure: RetriedFailure, cause: unknown): DeallocatorError {
  const why = {
    conflict: 'other requests were at work on the same items',
    throttled: 'DynamoDB throttled it',
    unanswered: 'DynamoDB did not answer it',
  }[failure];
  return new DeallocatorError(
    failure === 'conflict' ? 'Aborted' : 'Unavailable',
    `${request} was tried ${REQUEST_TRIES_MAX} times: ${why} (${cause instanceof Error ? cause.message : String(cause)}); try again later`,
    { cause },
  );
}
