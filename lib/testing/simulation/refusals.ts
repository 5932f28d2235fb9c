/** What a process is answered where its request was not carried out, or its answer has not come. */
import { cancelled, exception } from '../memory/answers.ts';
import type { Refusal } from './choices.ts';
import type { Exercised } from './exercised.ts';
import type { Request } from './processes.ts';

export function refusal(as: Refusal, { number, operation, input }: Request, exercised: Exercised): Error {
  if (as === 'throttled') {
    exercised.count('throttles');
    return exception('ThrottlingException', 'Throughput exceeds the current throughput limit');
  }
  if (as === 'server error') {
    exercised.count('server errors');
    return exception('InternalServerError', 'Internal server error', 500);
  }
  if (as === 'denied') {
    exercised.count('denials');
    return exception('AccessDeniedException', 'User is not authorized to perform this action');
  }
  const message = 'Transaction is ongoing for the item';
  if (operation !== 'TransactWriteItems') {
    exercised.count('conflicts');
    return exception('TransactionConflictException', message);
  }
  exercised.count('conflicts in transactions');
  const actions = input.TransactItems as unknown as readonly unknown[];
  // Of several services in one transaction, now the first is in conflict and now the last.
  const met = number % 2 === 0 ? 0 : actions.length - 1;
  return cancelled(
    actions.map((_, place) => (place === met ? { Code: 'TransactionConflict', Message: message } : { Code: 'None' })),
  );
}

/** As the SDK tells that no answer came in time. */
export function unanswered(): Error {
  return Object.assign(new Error('Connection timed out'), { name: 'TimeoutError' });
}
