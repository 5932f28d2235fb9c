/**
 * One retry policy for every request. The SDK's own is not enough: it never repeats a cancelled transaction, not even one
 * that only a conflict or throttling has cancelled.
 */
import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { REQUEST_PAUSE_BASE_MILLIS, REQUEST_PAUSE_MAX_MILLIS, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import type { Where } from './failure-row.ts';
import { failureText } from './failures.ts';

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
  if (isSettled(error)) return 'final';
  const { syscall, code, $metadata } = error as NodeJS.ErrnoException & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (isThrottling(error.name) || status === 429) return 'throttled';
  // Where the network failed, Node names the system call, or a code in capitals (ECONNRESET, EPROTO, …), also in the midst of a
  // good answer.
  const isNetwork = syscall !== undefined || ((status ?? 200) < 300 && /^E[A-Z_]+$/.test(String(code)));
  if ((status ?? 0) >= 500 || isNetwork || UNANSWERED.has(error.name)) return 'unanswered';
  return 'final';
}

/** What looks like a failure of the network, but comes from the settings, or from something that is not DynamoDB. */
const SETTLED = ['unreadable file of AWS settings', 'no TLS there', 'TLS', 'proxy', 'not DynamoDB'];

function isSettled(error: Error): boolean {
  const { failure } = failureText(error) ?? {};
  // TLS also breaks off in the midst of a connection, which a further try mends.
  const isBroken = failure === 'TLS' && (error as NodeJS.ErrnoException).code === 'EPROTO';
  return failure !== undefined && SETTLED.includes(failure) && !isBroken;
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
  where: () => Promise<Where> = async () => ({}),
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      const failure = classify(error);
      if (failure === 'refused') throw error;
      if (failure === 'final') throw unacceptable(request, error, await where());
      if (tries === REQUEST_TRIES_MAX) throw givenUp(request, failure, error, await where());
      observer.onRetry(failure, request);
      await chance.pause(retryPauseMillis(chance, tries));
    }
  }
}

export function retryPauseMillis(chance: Chance, tries: number): number {
  return chance.fraction() * Math.min(REQUEST_PAUSE_MAX_MILLIS, REQUEST_PAUSE_BASE_MILLIS * 2 ** tries);
}

/** Trying again can't help: the request is not well formed, or the settings or the account do not let it through. */
function unacceptable(request: string, error: unknown, where: Where): DeallocatorError {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const isAnswered = $metadata?.httpStatusCode !== undefined;
  const known = failureText(error, where);
  const outcome = `${request} was ${isAnswered ? 'rejected' : 'not sent'}`;
  if (known !== undefined) {
    return new DeallocatorError(known.code, `${outcome}: ${known.words}; ${known.advice}`, { cause: error });
  }
  // What DynamoDB rejects for a reason of its own is the item's fault. What the SDK throws by itself tells of its settings.
  const advice = isAnswered
    ? 'correct the item or the id that it names'
    : 'check the AWS settings of this process: Region, profile, endpoint';
  return new DeallocatorError(
    isAnswered ? 'InvalidArgument' : 'FailedPrecondition',
    `${outcome}: ${name}: ${message}; ${advice}`,
    { cause: error },
  );
}

function givenUp(request: string, failure: RetriedFailure, cause: unknown, where: Where): DeallocatorError {
  const why = {
    conflict: 'other requests were at work on the same items',
    throttled: 'DynamoDB throttled it',
    unanswered: 'DynamoDB did not answer it',
  }[failure];
  const known = failure === 'conflict' ? undefined : failureText(cause, where);
  const words = known?.words ?? (cause instanceof Error ? cause.message : String(cause));
  return new DeallocatorError(
    failure === 'conflict' ? 'Aborted' : 'Unavailable',
    `${request} was tried ${REQUEST_TRIES_MAX} times: ${why} (${words}); ${known?.advice ?? 'try again later'}`,
    { cause },
  );
}
