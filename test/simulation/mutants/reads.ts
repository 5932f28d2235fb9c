/** Reads that are cheaper than they may be, and answers of which a part is passed over. */
import { eventuallyConsistent, type Mutant, tableOf } from '../mistakes.ts';

export const READ_MUTANTS: readonly Mutant[] = [
  {
    name: 'eventually consistent count',
    why: 'half the price',
    request: (sent) =>
      sent.operation === 'Query' && sent.input.Select === 'COUNT' ? eventuallyConsistent(sent) : undefined,
    breaks: ['S1', 'S2', 'S6', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at a parent',
    why: 'half the price',
    request: (sent) =>
      sent.operation === 'GetItem' && sent.role !== 'writer' && tableOf(sent.input) !== 'counters'
        ? eventuallyConsistent(sent)
        : undefined,
    breaks: ['S1', 'S2', 'S4', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who drains',
    why: 'half the price',
    request: (sent) => (sent.operation === 'BatchGetItem' ? eventuallyConsistent(sent) : undefined),
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who is attached',
    why: 'half the price',
    request: (sent) =>
      sent.operation === 'Query' && sent.input.Select !== 'COUNT' && tableOf(sent.input) === 'attachments'
        ? eventuallyConsistent(sent)
        : undefined,
    breaks: ['S2', 'S6'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'unprocessed keys are forgotten',
    why: 'they never come up in a test on an idle table',
    answer: ({ operation }, answer) =>
      operation === 'BatchGetItem' && Object.keys(answer.UnprocessedKeys ?? {}).length > 0
        ? { ...answer, UnprocessedKeys: {} }
        : undefined,
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'counts one page of tasks, most of which have ended',
    why: 'a page is enough to know whether there are any',
    answer: ({ operation, input }, answer) =>
      operation === 'Query' && input.Select === 'COUNT' && answer.LastEvaluatedKey !== undefined
        ? { ...answer, LastEvaluatedKey: undefined }
        : undefined,
    breaks: ['S1'],
    profile: 'crowded with options',
  },
];
