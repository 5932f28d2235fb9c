/** Conditions that look at less than they must. */
import {
  actionsOf,
  idle,
  ifThere,
  isDeletion,
  isOfParent,
  type Mutant,
  placeholderSet,
  withActions,
  withCondition,
  without,
} from '../mistakes.ts';

export const CONDITION_MUTANTS: readonly Mutant[] = [
  {
    name: 'deletes under any mark',
    why: 'it is marked: what does it matter which mark it is',
    request: (sent) => (isDeletion(sent) ? withActions(sent, (action) => without(action, 'markedAt')) : undefined),
    breaks: ['S1', 'S2'],
    profile: 'crowded',
  },
  {
    name: 'deletes whatever is there',
    why: 'the mark was read a moment ago',
    request: (sent) =>
      isDeletion(sent) ? withActions(sent, (action) => without(action, 'pendingDelete', 'markedAt')) : undefined,
    breaks: ['S1', 'S2', 'S3'],
    profile: 'crowded',
  },
  {
    name: 'a time is unique enough',
    why: 'an object is not marked, undeleted and marked again within the hour',
    request: (sent) =>
      withActions(sent, (action) => {
        const placeholder = placeholderSet(action, 'markedAt');
        if (placeholder === undefined) return undefined;
        const values = action.parameters.ExpressionAttributeValues as Record<string, { readonly S: string }>;
        const hour = { S: values[placeholder]?.S.slice(0, '2026-01-01T00'.length) };
        const parameters = { ...action.parameters, ExpressionAttributeValues: { ...values, [placeholder]: hour } };
        return { ...action, parameters };
      }),
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'freed networks without a condition',
    why: 'they were looked at just before',
    request: (sent) =>
      isDeletion(sent)
        ? withActions(sent, (action, place) =>
            place > 0 && action.kind === 'Delete' && action.table === 'networks' ? ifThere(action) : undefined,
          )
        : undefined,
    breaks: ['S2', 'S3', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'closes whatever counter is there',
    why: 'the parent is gone, so its counter may go',
    request: ({ operation, input }) =>
      operation === 'DeleteItem' && input.ConditionExpression !== undefined
        ? withCondition(input, undefined)
        : undefined,
    breaks: ['L1', 'S7'],
    profile: 'crowded',
  },
  {
    name: 'the fence looks for no mark',
    why: 'the parent is there: that is what a reference needs',
    request: (sent) =>
      sent.role === 'writer'
        ? withActions(sent, (action) =>
            action.kind === 'ConditionCheck' ? without(action, 'pendingDelete') : undefined,
          )
        : undefined,
    breaks: ['S1', 'S2', 'S6'],
    profile: 'calm',
  },
  {
    name: 'no fence around the networks of a new task',
    why: 'its service is checked already',
    request: (sent) =>
      sent.role === 'writer' && actionsOf(sent).some(({ kind, table }) => kind === 'Put' && table === 'tasks')
        ? withActions(sent, (action) =>
            action.kind === 'ConditionCheck' && action.table === 'networks' ? idle(action) : undefined,
          )
        : undefined,
    breaks: ['S2', 'S6'],
    profile: 'crowded with task networks',
  },
  {
    name: 'protection is looked at beforehand',
    why: 'settle has just read that it is not protected',
    request: (sent) =>
      isDeletion(sent)
        ? withActions(sent, (action, place) => (place === 0 ? without(action, 'protected') : undefined))
        : undefined,
    breaks: ['S3'],
    profile: 'crowded with options',
  },
  {
    name: 'stops tasks whatever has become of the mark',
    why: 'the mark was read a moment ago',
    request: (sent) =>
      actionsOf(sent).some(({ kind, table }) => kind === 'Update' && table === 'tasks')
        ? withActions(sent, (action) =>
            action.kind === 'ConditionCheck' && isOfParent(action) ? ifThere(action) : undefined,
          )
        : undefined,
    breaks: ['S3'],
    profile: 'crowded with options',
  },
  {
    name: 'a task ends unnoticed while it is attached',
    why: 'its networks are still the same',
    request: (sent) =>
      withActions(sent, (action) =>
        action.kind === 'ConditionCheck' && action.table === 'tasks' ? without(action, 'state') : undefined,
      ),
    breaks: ['S4', 'L1'],
    profile: 'crowded with task networks',
    // One schedule in some five thousand: from the others' first seed on, none of the first 20,000 is one.
    firstSeed: 700_000,
  },
];
