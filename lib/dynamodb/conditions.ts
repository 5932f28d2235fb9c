/** Conditions of writes and filters of reads, as named sentences. Each of a write has been seen to fail on DynamoDB Local. */

import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { literalStart, partsIn } from '../lifecycle/templates.ts';
import type { AsRead, MarkedItem, SeenItem } from '../protocol/model.ts';
import type { Address } from './addresses.ts';
import { NAME_PATHS } from './descriptions.ts';
import { declaredPath, named, type Phrase, placed, together } from './expressions.ts';
import { type StoredItem, StoredValue } from './requests.ts';

export type Condition = Phrase;

/** What the deallocator's attributes are called in the items. */
type Attributes = Pick<Plan, 'attributes'>;

export function allOf(...conditions: readonly Condition[]): Condition {
  return { expression: conditions.map(({ expression }) => expression).join(' AND '), ...together(conditions) };
}

function anyOf(...conditions: readonly Condition[]): Condition {
  return { expression: `(${conditions.map(({ expression }) => expression).join(' OR ')})`, ...together(conditions) };
}

/** An item of that table: each has all of its key. */
export function isThere({ Key }: Pick<Address, 'Key'>): Condition {
  return { expression: `attribute_exists(${keyOf(Key)})` };
}

export function isNotThere({ Key }: Pick<Address, 'Key'>): Condition {
  return { expression: `attribute_not_exists(${keyOf(Key)})` };
}

function keyOf(key: Address['Key']): string {
  return named(Object.keys(key).at(-1) as string);
}

/** One of an item's key attributes begins as an id of its kind does that begins so. */
export function idBeginsWith({ key }: Pick<KindPlan, 'key'>, prefix: string): Condition {
  const telling = Object.entries(key).filter(([, template]) => partsIn(template).length > 0);
  const starts = telling.map(
    ([attribute, template], place): Condition =>
      startOfAttribute(attribute, place === 0 ? ':prefix' : `:prefix${place}`, literalStart(template) + prefix),
  );
  return starts.length === 1 ? (starts[0] as Condition) : anyOf(...starts);
}

/** By its id, or by its name in either place where that may be. */
export function isCalledFrom(kind: Pick<KindPlan, 'key'>, beginning: string): Condition {
  const values = { ':beginning': beginning };
  const byName = NAME_PATHS.map((path) => ({ expression: `begins_with(${placed(path)}, :beginning)`, values }));
  return anyOf(idBeginsWith(kind, beginning), ...byName);
}

/** The fence. `<>` is also true where the attribute is missing or of another type: only the BOOL true is a mark. */
export function isNotMarked({ attributes }: Attributes): Condition {
  return isNotTrue(attributes.pendingDelete);
}

export function isMarked({ attributes }: Attributes): Condition {
  return isTrue(attributes.pendingDelete);
}

export function hasNoMarkedAt({ attributes }: Attributes): Condition {
  return { expression: `attribute_not_exists(${named(attributes.markedAt)})` };
}

/** Free for a mark: not marked, or marked by a raw write that left the time out. */
export function isNotMarkedWithTime(plan: Attributes): Condition {
  return anyOf(isNotMarked(plan), hasNoMarkedAt(plan));
}

export function markedAtIs({ attributes }: Attributes, markedAt: string): Condition {
  return { expression: `${named(attributes.markedAt)} = :markedAt`, values: { ':markedAt': markedAt } };
}

/** Still under the very mark that was read. */
export function isMarkedAsRead(plan: Attributes, item: MarkedItem): Condition {
  return allOf(isMarked(plan), markedAtIs(plan, item.markedAt));
}

/** The last word against a deletion: it holds whatever the mark says. `<>` as in {@link isNotMarked}. */
export function isNotProtected({ attributes }: Attributes): Condition {
  return isNotTrue(attributes.protected);
}

export function isProtected({ attributes }: Attributes): Condition {
  return isTrue(attributes.protected);
}

function isTrue(attribute: string): Condition {
  return { expression: `${named(attribute)} = :true`, values: { ':true': true } };
}

function isNotTrue(attribute: string): Condition {
  const name = named(attribute);
  return { expression: `(attribute_not_exists(${name}) OR ${name} <> :true)`, values: { ':true': true } };
}

/** It keeps something still, as far as its item says: `<>` is also true where there is no state. */
export function isNotGone({ at, isOneOf }: NonNullable<KindPlan['goneWhen']>): Condition {
  const state = placed(declaredPath(at));
  return {
    expression: `(${isOneOf.map((_, nth) => `${state} <> :gone${nth}`).join(' AND ')})`,
    values: Object.fromEntries(isOneOf.map((text, nth) => [`:gone${nth}`, text])),
  };
}

/** One of these texts is not written to it yet. */
export function isNotTold(set: Readonly<Record<string, string>>): Condition {
  const untold = Object.entries(set).map(([attribute, text], nth): Condition => {
    const name = named(attribute);
    const value = `:untold${nth}`;
    return { expression: `attribute_not_exists(${name}) OR ${name} <> ${value}`, values: { [value]: text } };
  });
  return anyOf(...untold);
}

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
export function counterIsAsRead(address: Address, { remaining, epoch }: StoredItem): Condition {
  return allOf(
    isThere(address),
    valueIsAsRead('#remaining', ':remainingAsRead', remaining && new StoredValue(remaining)),
    valueIsAsRead('#epoch', ':epochAsRead', epoch && new StoredValue(epoch)),
  );
}

/** All that says what it holds is still as read, what was missing included. */
export function holdsAsRead(asRead: AsRead): Condition[] {
  return Object.entries(asRead).map(([path, value], nth) => valueIsAsRead(placed(path), `:asRead${nth}`, value));
}

function valueIsAsRead(path: string, placeholder: string, value: unknown): Condition {
  return value === undefined
    ? { expression: `attribute_not_exists(${path})` }
    : { expression: `${path} = ${placeholder}`, values: { [placeholder]: value } };
}

/** A holder is as it was read: absent, or there and holding the same. */
export function isAsRead(address: Address, item: Pick<SeenItem, 'asRead'> | undefined): Condition {
  return item === undefined ? isNotThere(address) : allOf(isThere(address), ...holdsAsRead(item.asRead));
}

export function sameAttribute(attribute: string, placeholder: string, text: string): Condition {
  return { expression: `${named(attribute)} = ${placeholder}`, values: { [placeholder]: text } };
}

export function startOfAttribute(attribute: string, placeholder: string, text: string): Condition {
  return { expression: `begins_with(${named(attribute)}, ${placeholder})`, values: { [placeholder]: text } };
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
