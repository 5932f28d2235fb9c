/** How a stored item is read. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToNative } from '@aws-sdk/util-dynamodb';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { invalid } from '../protocol/arguments.ts';
import { MARKED_BY_BYTES_MAX, MARKED_REASON_BYTES_MAX, NAME_BYTES_MAX } from '../protocol/limits.ts';
import {
  byteLength,
  type Counter,
  kindRules,
  type NetworkLists,
  PARENT_KINDS,
  type Parent,
  referencedNetworks,
  taskNetworkLists,
  type User,
} from '../protocol/model.ts';
import type { PageKey } from '../protocol/pages.ts';
import type { Receipt } from '../protocol/receipt.ts';
import { isGoneByState, type Rules } from '../protocol/rules.ts';
import { FULL_SWEEP_SOURCES, type SweepCursor } from '../protocol/store.ts';
import { UNMARSHALL_OPTIONS } from './client.ts';
import { NAME_PATHS, nameOf } from './descriptions.ts';
import { type Item, type StoredItem, StoredValue } from './requests.ts';
import { RECEIPT_EXPIRY } from './schema.ts';

/** What is read of a parent: not the whole item, which may be 400 KB of the user's. */
export const PARENT_PATHS: readonly string[] = [
  'id',
  'pendingDelete',
  'markedAt',
  'markedBy',
  'markedReason',
  'protected',
  'spec.task.networks',
  'spec.networks',
  // For receipts and reports: an id that Docker has made tells nobody anything.
  ...NAME_PATHS,
];

export const COUNTER_PATHS: readonly string[] = ['id', 'remaining', 'epoch'];

/** What is read of a task that may hold networks. */
export const TASK_USER_PATHS: readonly string[] = ['id', 'status.state', 'networks'];

export function parentOf(key: ItemKey, item: StoredItem): Parent {
  const refers = kindRules(key.kind).refersTo !== undefined;
  const { task, service } = listsOf(item.spec);
  return {
    key,
    ...markOf(item),
    markedBy: bounded(item.markedBy?.S, MARKED_BY_BYTES_MAX),
    markedReason: bounded(item.markedReason?.S, MARKED_REASON_BYTES_MAX),
    name: bounded(nameOf(item), NAME_BYTES_MAX),
    references: refers ? referencedNetworks(key, namedLists(item.spec)) : [],
    lists: { task: task && new StoredValue(task), service: service && new StoredValue(service) },
  };
}

/** Only a BOOL counts as a mark or a protection, and only a text as a time. */
export function markOf({ pendingDelete, markedAt, protected: shield }: StoredItem) {
  return { pendingDelete: pendingDelete?.BOOL === true, markedAt: markedAt?.S, isProtected: shield?.BOOL === true };
}

/** A task's `status.state`, of whatever type. */
export function stateOf(task: StoredItem): AttributeValue | undefined {
  return attribute(task.status, 'state');
}

/** A task as a user of networks. A task that has ended, where that counts, refers to none. */
export function taskUserOf(key: ItemKey, item: StoredItem, rules: Rules): User {
  const state = stateOf(item);
  return {
    references: isGoneByState(state?.S, rules) ? [] : referencedNetworks(key, namedTaskLists(item)),
    lists: taskNetworkLists(item.networks && new StoredValue(item.networks)),
    state: state && new StoredValue(state),
  };
}

/** A raw write may be longer than a receipt has room for. A character has up to four bytes. */
function bounded(text: string | undefined, bytesMax: number): string | undefined {
  return text === undefined || byteLength(text) <= bytesMax ? text : `${text.slice(0, bytesMax / 4)}…`;
}

export function receiptItem({ parent, freed, kept, expiresAtEpochSeconds, ...rest }: Receipt): Item {
  return {
    id: itemName(parent),
    ...rest,
    freed: freed.map(({ key, ...mark }) => ({ id: itemName(key), ...mark })),
    kept: kept.map(itemName),
    [RECEIPT_EXPIRY]: expiresAtEpochSeconds,
  };
}

/** A stored spec's network lists, with nothing in them but the targets: references are told by these alone. */
export function namedLists(spec: AttributeValue | undefined): NetworkLists {
  const { task, service } = listsOf(spec);
  return { task: task && targetsOf(task), service: service && targetsOf(service) };
}

/** The same for a stored task's own list. */
export function namedTaskLists({ networks }: StoredItem): NetworkLists {
  return taskNetworkLists(networks && targetsOf(networks));
}

function listsOf(spec: AttributeValue | undefined) {
  return { task: attribute(attribute(spec, 'task'), 'networks'), service: attribute(spec, 'networks') };
}

/** Null for what is not a list. A target that is not a string is kept as it is, for the error that must name it. */
function targetsOf(list: AttributeValue): { target: unknown }[] | null {
  const targetOf = (entry: AttributeValue) => {
    const target = attribute(entry, 'target');
    try {
      return target && (target.S ?? convertToNative(target, UNMARSHALL_OPTIONS));
    } catch {
      return null; // the SDK throws at some values, which must not cost the rest of the item
    }
  };
  return list.L?.map((entry) => ({ target: targetOf(entry) })) ?? null;
}

/** An attribute of a stored map, and nothing that a map inherits. */
function attribute(map: AttributeValue | undefined, name: string): AttributeValue | undefined {
  return map?.M !== undefined && Object.hasOwn(map.M, name) ? map.M[name] : undefined;
}

/** A cursor that we can't have written is passed over: the sweep begins anew, and loses nothing but time. */
export function sweepCursorOf(item: Item | undefined): SweepCursor | undefined {
  const { source, from } = (item?.cursor ?? {}) as Partial<Record<keyof SweepCursor, unknown>>;
  const known = FULL_SWEEP_SOURCES.find((name) => name === source);
  if (known === undefined) return undefined;
  if (from === undefined) return { source: known, from };
  const names = PARENT_KINDS.some((kind) => kind === known) ? ['id', 'markedAt'] : ['id'];
  const isPlace = (place: unknown): place is PageKey =>
    typeof place === 'object' &&
    place !== null &&
    Object.keys(place).sort().join() === names.join() &&
    Object.values(place).every((value) => typeof value === 'string' && value !== '');
  return isPlace(from) ? { source: known, from } : undefined;
}

export function isCounter(item: Item | undefined): boolean {
  const { remaining, epoch } = item ?? {};
  return Number.isInteger(remaining) && typeof epoch === 'string';
}

/** Refuses a counter that we can't have written: better no decision than a wrong one. */
export function counterOf(item: Item | undefined): Counter {
  const { remaining, epoch } = item ?? {};
  if (!isCounter(item)) {
    throw invalid(
      `the counter ${item?.id} holds remaining ${remaining} and epoch ${epoch}, which the deallocator never writes; ` +
        '"deallocator audit --repair" resets it, and then its parent goes on',
    );
  }
  return { remaining, epoch };
}
