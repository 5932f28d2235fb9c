/** Mistakes that show only where there are several shared kinds, or one kind over another (docs/design.md §4.5). */
import type { LambdaRecord } from '../../../lib/testing/memory/tables.ts';
import { type Action, idle, isDeletion, type Mutant, withActions, without } from '../mistakes.ts';

/** What an attachment holds. */
function heldIn({ table, parameters }: Action): string {
  const { Key } = parameters as { readonly Key?: { readonly held?: { readonly S: string } } };
  return table === 'attachments' ? (Key?.held?.S ?? '') : '';
}

function heldBefore({ dynamodb }: LambdaRecord): string {
  return (dynamodb.Keys as { readonly held?: { readonly S: string } }).held?.S ?? '';
}

export const KINDS_MUTANTS: readonly Mutant[] = [
  {
    name: 'what is let go of and stays is never woken',
    why: 'it would have gone along',
    misses: (table, record) => table === 'attachments' && heldBefore(record).startsWith('secret#'),
    breaks: ['L1', 'S7'],
    profile: 'swarmkit all',
  },
  {
    name: 'freed things of the second kind without a condition',
    why: 'the network has one',
    request: (sent) =>
      isDeletion(sent)
        ? withActions(sent, (action) =>
            action.kind === 'Delete' && action.table === 'secrets'
              ? without(action, 'pendingDelete', 'markedAt', 'protected')
              : undefined,
          )
        : undefined,
    breaks: ['S3'],
    profile: 'swarmkit all',
  },
  {
    name: 'attachments of one kind go',
    why: 'the others are of other kinds',
    request: (sent) =>
      isDeletion(sent)
        ? withActions(sent, (action) => (/^(secret|config|volume)#/.test(heldIn(action)) ? idle(action) : undefined))
        : undefined,
    breaks: ['S6'],
    profile: 'swarmkit all',
  },
  {
    name: 'one removal counts down one parent by key',
    why: 'an item has one parent',
    store: (right, took) => ({
      decrement: async (parent, by, at) => {
        if (parent.kind !== 'region') return await right.decrement(parent, by, at);
        took();
        return undefined;
      },
    }),
    breaks: ['S7', 'L1'],
    profile: 'sites',
  },
  {
    name: 'one removal counts down one parent in attributes',
    why: 'an item has one parent',
    misses: (table, record) => table === 'attachments' && heldBefore(record).startsWith('category#'),
    breaks: ['S7', 'L1'],
    profile: 'ideas',
  },
  {
    name: 'a child comes under a marked parent by key in the middle',
    why: 'what lies above that one is not marked',
    request: (sent) => withoutFence(sent, 'zones', 'removing'),
    breaks: ['S1', 'S6', 'S7', 'L1'],
    profile: 'sites',
  },
  {
    name: 'a child comes to a marked parent in an attribute in the middle',
    why: 'what that one depends on is not marked',
    request: (sent) => withoutFence(sent, 'ideas', 'pendingDelete'),
    breaks: ['S2', 'S6'],
    profile: 'ideas',
  },
  {
    name: 'nobody tells that a child that is a parent has gone',
    why: 'its own deletion is its last record',
    misses: (table, { eventName }) => table === 'zones' && eventName === 'REMOVE',
    breaks: ['S7', 'L1'],
    profile: 'sites',
  },
];

/** Whoever creates a child looks only whether its parent is there. */
function withoutFence(sent: Parameters<NonNullable<Mutant['request']>>[0], table: string, mark: string) {
  return sent.role === 'writer'
    ? withActions(sent, (action) =>
        action.kind === 'ConditionCheck' && action.table === table ? without(action, mark) : undefined,
      )
    : undefined;
}
