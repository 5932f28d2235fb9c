/**
 * The errors that leave this package. The codes are few and say who must act. The message says what happened, the value that
 * was seen, what is allowed and what to do next.
 *
 * | code | why | what to do |
 * |---|---|---|
 * | `InvalidArgument` | the request, record or setting can't be right whatever the tables hold | correct it; trying again can't help |
 * | `NotFound` | the object is not there, or not any more | create it, or take its removal for done |
 * | `AlreadyExists` | an object of that id is there | choose another id, or wait until the old one is gone |
 * | `FailedPrecondition` | the state of the tables forbids it; `blockers` names what stands in the way | remove the blockers, then try again |
 * | `Aborted` | others changed the same items each time that it was tried | try again |
 * | `Unavailable` | DynamoDB didn't answer, or throttled, each time that it was tried | try again later; nothing is known to have been done |
 */
export type ErrorCode =
  | 'InvalidArgument'
  | 'NotFound'
  | 'AlreadyExists'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'Unavailable';

/** What an error tells beside its code and message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** Names of what stands in the way, such as `service#web`. */
  readonly blockers?: readonly string[];
  /** Whether it can't be told yet what stands in the way: users that are older than the deployment are being counted. */
  readonly learning?: boolean;
  /** Where a bulk request stopped on its way: the ids that were done before. */
  readonly done?: readonly string[];
}

/** What this package refuses or could not do, with a stable code. Tell it with {@link isDeallocatorError}. */
export class DeallocatorError extends Error {
  /** The same in every copy of this package, where `instanceof` is not. */
  override readonly name = 'DeallocatorError';
  /** Who must act, and how. */
  readonly code: ErrorCode;
  /** Names of what stands in the way, such as `service#web`; empty if nothing does. */
  readonly blockers: readonly string[];
  /** Whether it can't be told yet what stands in the way: users that are older than the deployment are being counted. */
  readonly learning: boolean;
  /** The ids that were done before a bulk request stopped. */
  readonly done: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.blockers = details.blockers ?? [];
    this.learning = details.learning ?? false;
    this.done = details.done ?? [];
  }
}

/** By name and code, not `instanceof`: an ESM and a CJS copy of this class may meet in one program. */
export function isDeallocatorError(error: unknown, code?: ErrorCode): error is DeallocatorError {
  return (
    error instanceof Error &&
    error.name === 'DeallocatorError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}
