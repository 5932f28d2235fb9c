/** What went wrong, in words that say what to do. */
import { type DeallocatorError, isDeallocatorError } from '../../lib/protocol/errors.ts';
import { visible } from './text.ts';

/** A mistake in what was typed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const UNANSWERED = 'nothing answers there; check --endpoint, and whether "npm run local" still runs';

/** What the AWS SDK throws before or instead of an answer, in words that say what to do. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/Credentials|TokenProvider/, 'sign in as for any AWS tool: AWS_PROFILE, "aws sso login", or AWS_ACCESS_KEY_ID'],
  [/ExpiredToken|InvalidSignature|UnrecognizedClient|TooSkewed/, 'sign in again, and check the clock'],
  [/AccessDenied|NotAuthorized/, 'ask for the permission that it names'],
  [
    /ResourceNotFound|NonExistentQueue|QueueDoesNotExist/,
    'check the Region and the names: is this the stack that was meant?',
  ],
  [/^Error$|ECONNREFUSED|ENOTFOUND|Timeout/, UNANSWERED],
];

/** One line, but for a bug of ours, which brings its stack along. */
export function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  if (isDeallocatorError(error)) {
    const said = isUnanswered(error) ? error.message.replace(/try again later$/, UNANSWERED) : error.message;
    return `${visible(said)} [${error.code}]`;
  }
  const { code, syscall, path, $metadata } = error as NodeJS.ErrnoException & { $metadata?: unknown };
  const isOutside = $metadata !== undefined || syscall !== undefined || /Credentials|TokenProvider/.test(error.name);
  // A bug of ours.
  if (!isOutside) return error.stack ?? error.message;
  const said = visible(error.message || code || error.name);
  // An error of the file system says enough.
  if (path !== undefined || /^E(NOENT|ACCES|ISDIR|PERM|EXIST|ROFS|NOSPC)$/.test(code ?? '')) return said;
  const [, advice] = ADVICE.find(([names]) => names.test(`${error.name}`) || names.test(code ?? '')) ?? [];
  return [error.name === 'Error' ? said : `${error.name}: ${said}`, ...(advice ? [advice] : [])].join('; ');
}

/** Each try ended without an answer: more often for a wrong address than for an outage. */
function isUnanswered({ code, cause }: DeallocatorError): boolean {
  const { syscall, name } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === 'Unavailable' && (syscall !== undefined || name === 'TimeoutError');
}
