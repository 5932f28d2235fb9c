/** What is not there, is another, or is too much: what the tables and the services around them may say instead of an answer. */
import { LATER, placed, type Row } from './failure-row.ts';

/** The first one that fits is meant. */
export const SERVICE_FAILURES: readonly Row[] = [
  // What is not there.
  {
    failure: 'no function',
    is: ({ name, message }) => /ResourceNotFound/.test(name) && /function/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message, ...where }) => `the sweep function is not there${placed(where)} (${message})`,
    advice: 'check --region and sweepFunctionName, and that the stack is the one that was meant',
  },
  {
    failure: 'no table',
    is: ({ name }) => /ResourceNotFound|TableNotFound/.test(name),
    code: 'FailedPrecondition',
    words: ({ message, tables = [], ...where }) =>
      `${tables.length > 0 ? `the table ${tables.join(' or ')}` : 'a table'} is not there${placed(where)} (${message})`,
    advice: 'check the Region, whose account this is, and the table names: are they those that the stack puts out?',
  },
  {
    failure: 'no queue',
    is: ({ name, message }) => /NonExistentQueue|QueueDoesNotExist/.test(name) || /queue does not exist/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message, ...where }) => `the dead-letter queue is not there${placed(where)} (${message})`,
    advice: 'check --region and deadLetterQueueUrl, and that the stack is the one that was meant',
  },
  {
    failure: 'table being deleted',
    is: ({ name, message }) => /ResourceInUse|TableInUse/.test(name) && /being deleted/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `the table is being deleted (${message})`,
    advice: 'name another deployment, or restore the table from a backup once it is gone',
  },
  {
    failure: 'table not ready',
    is: ({ name }) => /ResourceInUse|TableInUse|ResourceNotReady/.test(name),
    code: 'FailedPrecondition',
    words: ({ message }) => `the table is not ready (${message})`,
    advice: 'wait until its creation, change or restore is done, then try again',
  },
  {
    failure: 'another table',
    is: ({ name, message }) =>
      name === 'ValidationException' &&
      /element does not match the schema|specified index|Missing the key/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message, tables = [] }) =>
      `${tables.length > 0 ? `the table ${tables.join(' or ')}` : 'a table'} has other keys or indexes than the deallocator's (${message})`,
    advice: 'check that each table name stands at its own place, and that all are of one deployment',
  },
  // Too much.
  {
    failure: 'throttled account',
    is: ({ name, message }) =>
      /RequestLimitExceeded|TooManyRequests/.test(name) ||
      (/Throttl/.test(name) && /account|Rate exceeded/i.test(message)),
    code: 'Unavailable',
    words: ({ message }) => `the account's limit for this Region is reached (${message})`,
    advice: `${LATER}, or have the limit raised in Service Quotas`,
  },
  {
    failure: 'limit reached',
    is: ({ name }) => name === 'LimitExceededException',
    code: 'Unavailable',
    words: ({ message }) => `a limit of the account or of the table is reached (${message})`,
    advice: 'wait until what is under way there is done, or have the limit raised in Service Quotas',
  },
  {
    failure: 'throttled',
    is: ({ name, status }) =>
      (/Throttl|ThroughputExceeded|LimitExceeded/.test(name) && !name.startsWith('ItemCollection')) || status === 429,
    code: 'Unavailable',
    words: ({ message }) => `AWS throttled it (${message})`,
    advice: LATER,
  },
];
