/** Records that come to no function, and answers that pass over a failure. */
import type { LambdaRecord } from '../../../lib/testing/memory/tables.ts';
import type { Mutant } from '../mistakes.ts';

/** A parent as a record tells of it, before and after. */
function marksOf({ dynamodb: { OldImage, NewImage } }: LambdaRecord) {
  type Image = Record<'pendingDelete' | 'protected', { readonly BOOL?: boolean }> & {
    readonly markedAt?: { S: string };
  };
  const [before, after] = [OldImage, NewImage] as readonly (Partial<Image> | undefined)[];
  return {
    isCleared: before?.pendingDelete?.BOOL === true && after?.pendingDelete?.BOOL !== true,
    isSame: before?.markedAt?.S === after?.markedAt?.S,
    isFreed: before?.protected?.BOOL === true && after !== undefined && after.protected?.BOOL !== true,
  };
}

export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: 'failures of a batch are swallowed',
    why: 'they are logged',
    response: ({ batchItemFailures }) => (batchItemFailures.length > 0 ? { batchItemFailures: [] } : undefined),
    breaks: ['L1', 'S4', 'S7'],
    profile: 'denied',
  },
  {
    name: 'an undelete wakes nobody',
    why: 'nothing is to be deleted',
    misses: (table, record) => (table === 'services' || table === 'networks') && marksOf(record).isCleared,
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: "the filter drops a network's undelete",
    why: 'only marked networks concern us',
    misses: (table, record) => table === 'networks' && marksOf(record).isCleared,
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: 'nobody comes when a protection is taken away',
    why: 'the mark has not changed',
    misses: (table, record) => {
      const { isFreed, isSame } = marksOf(record);
      return (table === 'services' || table === 'networks') && isFreed && isSame;
    },
    breaks: ['L1'],
    profile: 'crowded with options',
  },
  {
    name: 'a task that ends wakes nobody',
    why: 'it will be deleted anyhow',
    misses: (table, { eventName }) => table === 'tasks' && eventName === 'MODIFY',
    breaks: ['S7', 'L1'],
    profile: 'crowded with options',
  },
  {
    name: 'tasks hold nothing of their own',
    why: 'their service holds what it refers to',
    tasksChoices: { taskNetworks: false },
    breaks: ['S4', 'S2', 'L1'],
    profile: 'task networks',
  },
];
