/**
 * The errors that leave this package. The codes are few and say who must act; the message says what happened, the value
 * seen, what is allowed and what to do next.
 *
 * | code | why | what to do |
 * |---|---|---|
 * | `InvalidArgument` | the request, record or setting can't be right whatever the tables hold | mend it; trying again can't help |
 * | `NotFound` | the object is not there (any more) | create it, or treat its removal as done |
 * | `AlreadyExists` | an object of that id is there | choose another id, or wait until the old one is gone |
 * | `FailedPrecondition` | the tables' state forbids it; `blockers` names what stands in the way | remove the blockers, then try again |
 * | `Aborted` | others changed the same items each time it was tried | try again |
 * | `Unavailable` | DynamoDB didn't answer, or throttled, each time it was tried | try again later; nothing is known to have been done |
 */
export type ErrorCode =
  | 'InvalidArgument'
  | 'NotFound'
  | 'AlreadyExists'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'Unavailable';

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Names of what stands in the way, such as `service#web`. */
  readonly blockers?: readonly string[];
  /** Of a bulk request that stopped on its way: the ids that were done before it stopped. */
  readonly done?: readonly string[];
}

export class DeallocatorError extends Error {
  override readonly name = 'DeallocatorError';
  readonly code: ErrorCode;
  readonly blockers: readonly string[];
  readonly done: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.blockers = details.blockers ?? [];
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
