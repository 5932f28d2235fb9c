/** Reads that are cheaper than they may be, and answers of which a part is passed over. */
import { eventuallyConsistent, isCount, type Mutant, type Parameters, tablesRead } from '../mistakes.ts';

export const READ_MUTANTS: readonly Mutant[] = [
  {
    name: 'eventually consistent count',
    why: 'half the price',
    request: (sent) => (isCount(sent) ? eventuallyConsistent(sent) : undefined),
    breaks: ['S1', 'S2', 'S6', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at a parent',
    why: 'half the price',
    request: (sent) =>
      sent.role !== 'writer' &&
      /Get/.test(sent.operation) &&
      tablesRead(sent).some((table) => table !== 'counters' && table !== 'attachments')
        ? eventuallyConsistent(sent)
        : undefined,
    breaks: ['S1', 'S2', 'S4', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who drains',
    why: 'half the price',
    request: (sent) =>
      /Get/.test(sent.operation) && tablesRead(sent).includes('counters') ? eventuallyConsistent(sent) : undefined,
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who is attached',
    why: 'half the price',
    request: (sent) =>
      sent.operation === 'Query' && !isCount(sent) && tablesRead(sent).includes('attachments')
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
    breaks: ['S1', 'S2', 'S4', 'S6', 'S7', 'L1'],
    profile: 'together on a hostile network',
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
  {
    name: 'a read of many parents that ended early is the end',
    why: 'they are small, and 1 MB is a lot',
    answer: ({ operation }, answer) =>
      operation === 'ExecuteStatement' && answer.NextToken !== undefined
        ? { ...answer, NextToken: undefined }
        : undefined,
    breaks: ['S1', 'S2', 'S6'],
    profile: 'together',
  },
  {
    name: 'answers for many are handed out in the wrong order',
    why: 'they come as they were asked for, or in any order: who knows',
    answer: ({ operation, input }, answer) => {
      const responses = operation === 'BatchExecuteStatement' ? (answer.Responses as readonly Parameters[]) : [];
      const statements = input.Statements as readonly { readonly Parameters: readonly unknown[] }[];
      // By neither place nor key: whoever stands there takes the item for its own.
      const Responses = responses.toReversed().map(({ Item, ...response }, place) => ({
        ...response,
        ...(Item !== undefined && { Item: { ...Item, id: statements[place]?.Parameters[2] } }),
      }));
      return responses.length > 1 ? { ...answer, Responses } : undefined;
    },
    breaks: ['S7', 'L1', 'S4', 'L4'],
    profile: 'together',
  },
  {
    name: 'a statement that fails alone is a counter that is not there',
    why: 'the batch was answered, and only a missing counter fails',
    answer: ({ operation }, answer) => {
      const responses = operation === 'BatchExecuteStatement' ? (answer.Responses as readonly Parameters[]) : [];
      const isOther = ({ Error: failure }: Parameters) =>
        failure !== undefined && (failure as { Code?: string }).Code !== 'ConditionalCheckFailed';
      const Responses = responses.map((one) => (isOther(one) ? { Error: { Code: 'ConditionalCheckFailed' } } : one));
      return responses.some(isOther) ? { ...answer, Responses } : undefined;
    },
    breaks: ['S7', 'L1', 'S4'],
    profile: 'together',
  },
];
