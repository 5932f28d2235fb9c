/** What went wrong, in words that say what to do. */
import type { Where } from '../../lib/dynamodb/failure-row.ts';
import { failureText } from '../../lib/dynamodb/failures.ts';
import { DeallocatorError, isDeallocatorError } from '../../lib/protocol/errors.ts';
import { profileFault } from './aws-profile.ts';
import type { Io } from './io.ts';
import { visible } from './text.ts';

/** A mistake in what was typed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where a fault of the profile may be what has happened. */
const OF_PROFILE: readonly string[] = ['no region', 'no credentials', 'bad AWS settings', 'sign-in over'];
/** An error of the file system says enough. */
const OF_FILES = /^E(NOENT|ACCES|ISDIR|PERM|EXIST|ROFS|NOSPC|NAMETOOLONG)$/;

/** One line; with DEALLOCATOR_TRACE in the environment also where a fault of ours has happened. */
export function errorWords(error: unknown, environment: Io['environment'] = {}, where: Where = {}): string {
  if (!(error instanceof Error)) return visible(String(error));
  if (isDeallocatorError(error))
    return `${visible(`${error.message}${profileWords(error.cause, environment)}`)} [${error.code}]`;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (path !== undefined || OF_FILES.test(code ?? '')) return visible(error.message || code || error.name);
  const isOurs = /^(Type|Range|Reference)Error$/.test(error.name) && code === undefined && syscall === undefined;
  const known = failureText(error, where);
  if (known !== undefined && !(isOurs && known.code === 'InvalidArgument')) {
    return `${visible(`${known.words}; ${known.advice}${profileWords(error, environment)}`)} [${known.code}]`;
  }
  const said = visible(
    error.name === 'Error' ? error.message || code || error.name : `${error.name}: ${error.message}`,
  );
  if ((error as { $metadata?: unknown }).$metadata !== undefined || syscall !== undefined) return said;
  if (environment.DEALLOCATOR_TRACE) return error.stack ?? said;
  return `${said}; nothing is known of this fault: report it, with what DEALLOCATOR_TRACE=1 in the environment prints`;
}

/** What came instead of an answer of AWS, in words: a file that the settings name is no file that was typed. */
export function askedOfAws(error: Error): Error {
  const known = failureText(error);
  return known === undefined
    ? error
    : new DeallocatorError(known.code, `${known.words}; ${known.advice}`, { cause: error });
}

function profileWords(cause: unknown, environment: Io['environment']): string {
  const { failure = '' } = failureText(cause) ?? {};
  const fault = OF_PROFILE.includes(failure) ? profileFault(environment) : undefined;
  return fault === undefined ? '' : `. ${fault[0]?.toUpperCase()}${fault.slice(1)}`;
}
