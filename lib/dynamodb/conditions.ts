/** Conditions of writes and filters of reads, as named sentences. Each of a write has been seen to fail on DynamoDB Local. */

import type { ItemKey } from '../lifecycle/keys.ts';
import { TERMINAL_TASK_STATES } from '../lifecycle/swarmkit.ts';
import type { MarkedParent, NetworkLists, User } from '../protocol/model.ts';
import { type Phrase, together } from './expressions.ts';
import { type StoredItem, StoredValue } from './requests.ts';
import { parentTables, partitionOf, TABLES } from './schema.ts';

export type Condition = Phrase;

export function allOf(...conditions: readonly Condition[]): Condition {
  return { expression: conditions.map(({ expression }) => expression).join(' AND '), ...together(conditions) };
}

export const isThere: Condition = { expression: 'attribute_exists(#id)' };

export function idBeginsWith(prefix: string): Condition {
  return { expression: 'begins_with(#id, :prefix)', values: { ':prefix': prefix } };
}

/** By its id, or by its name in either place where that may be. */
export function isCalledFrom(beginning: string): Condition {
  const paths = ['#id', '#spec.#annotations.#name', '#spec.#name'];
  return {
    expression: `(${paths.map((path) => `begins_with(${path}, :prefix)`).join(' OR ')})`,
    values: { ':prefix': beginning },
  };
}

export const isNotThere: Condition = { expression: 'attribute_not_exists(#id)' };

/** The fence. `<>` is also true where the attribute is missing or of another type: only the BOOL true is a mark. */
export const isNotMarked: Condition = {
  expression: '(attribute_not_exists(#pendingDelete) OR #pendingDelete <> :true)',
  values: { ':true': true },
};

export const isMarked: Condition = { expression: '#pendingDelete = :true', values: { ':true': true } };

export const hasNoMarkedAt: Condition = { expression: 'attribute_not_exists(#markedAt)' };

/** Free for a mark: not marked, or marked by a raw write that left the time out. */
export const isNotMarkedWithTime: Condition = {
  expression: `(${isNotMarked.expression} OR ${hasNoMarkedAt.expression})`,
  ...together([isNotMarked, hasNoMarkedAt]),
};

export function markedAtIs(markedAt: string): Condition {
  return { expression: '#markedAt = :markedAt', values: { ':markedAt': markedAt } };
}

/** Still under the very mark that was read. */
export function isMarkedAsRead(parent: MarkedParent): Condition {
  return allOf(isMarked, markedAtIs(parent.markedAt));
}

/** The last word against a deletion: it holds whatever the mark says. `<>` as in {@link isNotMarked}. */
export const isNotProtected: Condition = {
  expression: '(attribute_not_exists(#protected) OR #protected <> :true)',
  values: { ':true': true },
};

export const isProtected: Condition = { expression: '#protected = :true', values: { ':true': true } };

/** A task that has not ended, as far as its item says: `<>` is also true where there is no state. */
export const isNotTerminal: Condition = {
  expression: `(${TERMINAL_TASK_STATES.map((state) => `#status.#state <> :${state}`).join(' AND ')})`,
  values: Object.fromEntries(TERMINAL_TASK_STATES.map((state) => [`:${state}`, state])),
};

export const isNotToldToStop: Condition = {
  expression: '(attribute_not_exists(#desiredState) OR #desiredState <> :toldToStop)',
  values: { ':toldToStop': 'remove' },
};

export function epochIs(epoch: string): Condition {
  return { expression: '#epoch = :epoch', values: { ':epoch': epoch } };
}

/** The item `lifecycle` is still of this version. */
export function versionIs(version: string): Condition {
  return { expression: '#version = :versionAsRead', values: { ':versionAsRead': version } };
}

/** The same of what was read, whatever its version is: absent, where there was no item. */
export function versionIsAsRead(version: unknown): Condition {
  return valueIsAsRead('#version', ':versionAsRead', version);
}

/** A counter's item is still as it was read, whatever it holds. */
export function counterIsAsRead({ remaining, epoch }: StoredItem): Condition {
  return allOf(
    isThere,
    valueIsAsRead('#remaining', ':remainingAsRead', remaining && new StoredValue(remaining)),
    valueIsAsRead('#epoch', ':epochAsRead', epoch && new StoredValue(epoch)),
  );
}

/** Both network lists are still as read, a missing one included. */
export function listsAreAsRead({ task, service }: NetworkLists): Condition {
  return allOf(
    valueIsAsRead('#spec.#task.#networks', ':taskNetworks', task),
    valueIsAsRead('#spec.#networks', ':networks', service),
  );
}

function valueIsAsRead(path: string, placeholder: string, value: unknown): Condition {
  return value === undefined
    ? { expression: `attribute_not_exists(${path})` }
    : { expression: `${path} = ${placeholder}`, values: { [placeholder]: value } };
}

/** A spec is as it was read, whatever it holds. */
export function specIsAsRead(asRead: unknown): Condition {
  return valueIsAsRead('#spec', ':specAsRead', asRead);
}

/** A service is as it was read: absent, or there with the same network lists. */
export function isAsRead(asRead: User | undefined): Condition {
  return asRead === undefined ? isNotThere : allOf(isThere, listsAreAsRead(asRead.lists));
}

/** A task is as it was read: absent, or there with the same networks, in the same state. */
export function isTaskAsRead(asRead: User | undefined): Condition {
  if (asRead === undefined) return isNotThere;
  const { lists, state } = asRead;
  return allOf(
    isThere,
    valueIsAsRead('#networks', ':networks', lists.service),
    valueIsAsRead('#status.#state', ':state', state),
  );
}

/** What a query asks of a key: the children of one parent. */
export function isChildOf(parent: ItemKey): Condition {
  const { partitionKey } = TABLES[parentTables(parent.kind).children];
  return {
    expression: '#parent = :parent',
    names: { '#parent': partitionKey },
    values: { ':parent': partitionOf(parent) },
  };
}

export function idIs(id: string): Condition {
  return { expression: '#id = :id', values: { ':id': id } };
}

/** An object carries the label, at one of the two places; without a value, whatever its value is. @param nth tells it from others */
export function labelIs({ name, value }: { readonly name: string; readonly value?: string }, nth: number): Condition {
  const isAt = (labels: string) => {
    const label = `${labels}.#label${nth}`;
    return value === undefined ? `attribute_exists(${label})` : `${label} = :label${nth}`;
  };
  return {
    expression: `(${isAt('#spec.#annotations.#labels')} OR ${isAt('#spec.#labels')})`,
    names: { [`#label${nth}`]: name },
    ...(value !== undefined && { values: { [`:label${nth}`]: value } }),
  };
}
