/** Reads stream records as Lambda delivers them, and trusts nothing: a record that can't be read fails alone, by name. */
import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { markOf, namedLists, namedTaskLists, stateOf } from '../dynamodb/items.ts';
import type { StoredItem } from '../dynamodb/requests.ts';
import { sideOf, streamOf, TABLES } from '../dynamodb/schema.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import { invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import {
  isParent,
  kindRules,
  type NetworkLists,
  type ParentKind,
  parseHeldName,
  referencedNetworks,
  referredTo,
} from '../protocol/model.ts';
import { DEFAULT_RULES, isGoneByState, type Rules, swarmkitPlan } from '../protocol/rules.ts';
import type { StreamedTable } from './functions.ts';

/** What an image says: of a parent its mark and its references, of a task its networks and its state. */
export interface Image {
  readonly pendingDelete: boolean;
  /** A `pendingDelete` that is neither BOOL nor NULL: probably a mistake. */
  readonly malformedMark: string | undefined;
  readonly markedAt: string | undefined;
  readonly isProtected: boolean;
  readonly lists: NetworkLists;
  /** A task's `status.state`. */
  readonly state: string | undefined;
}

export type EventName = 'INSERT' | 'MODIFY' | 'REMOVE';

export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly eventName: EventName;
  readonly parent: ItemKey;
  /** A child's own id, where {@link RecordSource.childAttribute} names it. */
  readonly child: string | undefined;
  /** Undefined where the item was not there, or the stream carries keys only. */
  readonly before: Image | undefined;
  readonly after: Image | undefined;
}

/** A record that could not be read. `sequenceNumber` is undefined where it could not be read either. */
export interface MalformedRecord {
  readonly sequenceNumber: string | undefined;
  readonly error: DeallocatorError;
}

/** Characters of a value that a message shows. */
const SHOWN_CHARACTERS_MAX = 100;
const EVENT_NAMES: readonly unknown[] = ['INSERT', 'MODIFY', 'REMOVE'] satisfies EventName[];

/** What the records of one table's stream are about. */
export interface RecordSource {
  /** Whether their items are parents, or children of such. */
  readonly of: 'parents' | 'children';
  /** The parents' kind. Undefined where the key tells it. */
  readonly kind: ParentKind | undefined;
  /** The key attribute that holds the parent's id, or its name where that tells its kind. */
  readonly keyAttribute: string;
  /** The one that holds the child's own id, where it matters: a task may hold networks. */
  readonly childAttribute: string | undefined;
  readonly withImages: boolean;
}

export function recordSource(table: StreamedTable, rules: Rules): RecordSource {
  const { of, kind } = sideOf(table);
  const { partitionKey, sortKey } = TABLES[table];
  const holdNetworks = of === 'children' && kind !== undefined && kindRules(kind).runsTasks && rules.taskNetworks;
  return {
    of,
    kind,
    keyAttribute: partitionKey,
    childAttribute: holdNetworks ? sortKey : undefined,
    withImages: streamOf(table, rules) === 'NEW_AND_OLD_IMAGES',
  };
}

/** Undefined for an attachment to what nothing is held by: nobody waits for its end, and an audit tells of it while it is there. */
export function readRecord(
  record: unknown,
  { kind, keyAttribute, childAttribute, withImages }: RecordSource,
): StreamRecord | MalformedRecord | undefined {
  const sequenceNumber = findSequenceNumber(record);
  try {
    const { eventName, dynamodb } = record as { eventName?: unknown; dynamodb?: Record<string, unknown> };
    if (sequenceNumber === undefined) throw malformed('SequenceNumber', dynamodb?.SequenceNumber, 'a string of digits');
    if (!EVENT_NAMES.includes(eventName)) throw malformed('eventName', eventName, 'INSERT, MODIFY or REMOVE');
    const keyOf = (attribute: string): string => {
      const key = (dynamodb?.Keys as Record<string, { S?: unknown }> | undefined)?.[attribute]?.S;
      if (typeof key !== 'string' || key === '') throw malformed(`Keys.${attribute}`, key, 'a non-empty string');
      return key;
    };
    const key = keyOf(keyAttribute);
    const parent = kind === undefined ? parseHeldName(key) : { kind, id: key };
    if (parent === undefined) return undefined;
    const lists = childAttribute === undefined ? ({ spec }: StoredItem) => namedLists(spec) : namedTaskLists;
    return {
      sequenceNumber,
      eventName: eventName as EventName,
      parent,
      child: childAttribute === undefined ? undefined : keyOf(childAttribute),
      before: withImages && eventName !== 'INSERT' ? imageOf('OldImage', dynamodb?.OldImage, lists) : undefined,
      after: withImages && eventName !== 'REMOVE' ? imageOf('NewImage', dynamodb?.NewImage, lists) : undefined,
    };
  } catch (error) {
    const cause =
      error instanceof DeallocatorError ? error : malformed('the record', undefined, 'a stream record', error);
    return { sequenceNumber, error: cause };
  }
}

export function isMalformed(record: StreamRecord | MalformedRecord): record is MalformedRecord {
  return 'error' in record;
}

/** The numeric order of two sequence numbers: they have up to 40 digits, too many for a number. */
export function compareSequenceNumbers(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** What either image names, of each record that changed this user's list, or ended it if it is a task. */
export function networksToHeal(user: ItemKey, records: readonly StreamRecord[], rules: Rules): ItemKey[] {
  const hasEnded = (image: Image | undefined) => !isParent(user) && isGoneByState(image?.state, rules);
  const changed = records.filter(
    ({ before, after }) => !isDeepStrictEqual(before?.lists, after?.lists) || hasEnded(before) !== hasEnded(after),
  );
  const named = (image: Image | undefined) => (image ? referencedNetworks(user, image.lists) : []);
  return [...new Set(changed.flatMap(({ before, after }) => [...named(before), ...named(after)]))].map(referredTo);
}

function findSequenceNumber(record: unknown): string | undefined {
  const found = (record as { dynamodb?: { SequenceNumber?: unknown } } | null)?.dynamodb?.SequenceNumber;
  return typeof found === 'string' && /^\d{1,40}$/.test(found) ? found : undefined;
}

/** Only what we know is looked at: the rest of the item is the user's, and may be large. */
function imageOf(name: string, image: unknown, listsOf: (image: StoredItem) => NetworkLists): Image {
  if (typeof image !== 'object' || image === null)
    throw malformed(name, image, 'an image: the stream must carry both images');
  const item = image as StoredItem;
  return {
    ...markOf(swarmkitPlan(DEFAULT_RULES), item),
    malformedMark: malformedMarkOf(item.pendingDelete),
    lists: listsOf(item),
    state: stateOf(item)?.S,
  };
}

/** Its type, and its value if that is a text: to print a deep value could overflow the stack. */
function malformedMarkOf(pendingDelete: AttributeValue | null | undefined): string | undefined {
  const [type, value]: unknown[] = Object.entries(pendingDelete ?? {})[0] ?? [];
  if (type === undefined || type === 'BOOL' || type === 'NULL') return undefined;
  return `${type} ${typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX)) : '…'}`;
}

function malformed(what: string, seen: unknown, allowed: string, cause?: unknown): DeallocatorError {
  const shown = JSON.stringify(seen)?.slice(0, SHOWN_CHARACTERS_MAX) ?? 'nothing';
  return invalid(
    `a stream record can't be read: ${what} is ${shown}, expected ${allowed}; it goes to the dead-letter queue, and the next sweep settles what it was about`,
    cause,
  );
}
