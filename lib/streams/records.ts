/** Reads stream records as Lambda delivers them, and trusts nothing: a record that can't be read fails alone, by name. */
import type { StoredItem } from '../dynamodb/requests.ts';
import { keyOfItem, parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { liesUnder } from '../lifecycle/parents.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { type Image, imageReader, needsImages } from './images.ts';

export type { Image } from './images.ts';

export type EventName = 'INSERT' | 'MODIFY' | 'REMOVE';

export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly eventName: EventName;
  /** The item itself, where it is guarded or holds something. */
  readonly item: ItemKey | undefined;
  /** What it is a child of: by its key; or, of an attachment, what that holds. */
  readonly parents: readonly ItemKey[];
  /** Undefined where the item was not there, or where its kind's images tell nothing. */
  readonly before: Image | undefined;
  readonly after: Image | undefined;
}

/** A record that could not be read. `sequenceNumber` is undefined where it could not be read either. */
export interface MalformedRecord {
  readonly sequenceNumber: string | undefined;
  readonly error: DeallocatorError;
}

/** Reads one table's records. Undefined for a record that is about nothing of ours. */
export type RecordReader = (record: unknown) => StreamRecord | MalformedRecord | undefined;

type Keys = Readonly<Record<string, string>>;
type About = Omit<StreamRecord, 'sequenceNumber' | 'eventName'>;
type Images = { readonly before: () => StoredItem | undefined; readonly after: () => StoredItem | undefined };

/** Characters of a value that a message shows. */
const SHOWN_CHARACTERS_MAX = 100;
const EVENT_NAMES: readonly unknown[] = ['INSERT', 'MODIFY', 'REMOVE'] satisfies EventName[];

export function recordReader(plan: Plan, table: string): RecordReader {
  const { kinds, partitionKey, sortKey } = plan.tables[table] as Plan['tables'][string];
  const attributes = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  // The only streamed table that is no kind's.
  const readers = kinds.length === 0 ? [attachmentReader(plan)] : kinds.map((kind) => itemReader(plan, kind));
  return (record) => {
    const sequenceNumber = findSequenceNumber(record);
    try {
      const { eventName, dynamodb } = record as { eventName?: unknown; dynamodb?: Record<string, unknown> };
      if (sequenceNumber === undefined)
        throw malformed('SequenceNumber', dynamodb?.SequenceNumber, 'a string of digits');
      if (!EVENT_NAMES.includes(eventName)) throw malformed('eventName', eventName, 'INSERT, MODIFY or REMOVE');
      const keys: Record<string, string> = {};
      for (const attribute of attributes) keys[attribute] = keyIn(dynamodb?.Keys, attribute);
      const images = {
        before: () => (eventName === 'INSERT' ? undefined : storedIn('OldImage', dynamodb)),
        after: () => (eventName === 'REMOVE' ? undefined : storedIn('NewImage', dynamodb)),
      };
      for (const read of readers) {
        const about = read(keys, images);
        if (about !== undefined) return { sequenceNumber, eventName: eventName as EventName, ...about };
      }
      return undefined;
    } catch (error) {
      const cause =
        error instanceof DeallocatorError ? error : malformed('the record', undefined, 'a stream record', error);
      return { sequenceNumber, error: cause };
    }
  };
}

function itemReader(plan: Plan, kind: string) {
  const { isGuarded, holds } = plan.kinds[kind] as Plan['kinds'][string];
  const isSubject = isGuarded || holds.length > 0;
  const hasImages = needsImages(plan, kind);
  const read = imageReader(plan, kind);
  return (keys: Keys, { before, after }: Images): About | undefined => {
    const item = isSubject ? keyOfItem(plan, kind, keys) : undefined;
    const parents = liesUnder(plan, kind, keys);
    if (item === undefined && parents.length === 0) return undefined;
    const imageOf = (image: () => StoredItem | undefined) => {
      const stored = hasImages ? image() : undefined;
      return stored && read(keys, stored);
    };
    return { item, parents, before: imageOf(before), after: imageOf(after) };
  };
}

/** Of an attachment to what nothing is held by, nobody waits for its end: an audit tells of it while it is there. */
function attachmentReader(plan: Plan) {
  return ({ held: name = '' }: Keys): About | undefined => {
    const held = parseItemName(plan, name);
    const isHeld = held && plan.kinds[held.kind]?.countedBy.some(({ by }) => by === 'attachments');
    return isHeld ? { item: undefined, parents: [held], before: undefined, after: undefined } : undefined;
  };
}

export function isMalformed(record: StreamRecord | MalformedRecord): record is MalformedRecord {
  return 'error' in record;
}

/** Whether this very record tells that a child is gone: the end of an item counts, and its later removal does not. */
export function tellsOfEnd({ eventName, before, after }: StreamRecord): boolean {
  if (before?.isGone) return false;
  return eventName === 'REMOVE' || (eventName === 'MODIFY' && after?.isGone === true);
}

/** What either image names, of each record that changed what its item names, or ended it. */
export function namesToHeal(records: readonly StreamRecord[]): ItemKey[] {
  const namesIn = (image: Image | undefined) => image?.names ?? [];
  const changed = records.filter(
    ({ before, after }) =>
      namesIn(before).map(itemName).join('\n') !== namesIn(after).map(itemName).join('\n') ||
      (before?.isGone ?? false) !== (after?.isGone ?? false),
  );
  const all = changed.flatMap(({ before, after }) => [...namesIn(before), ...namesIn(after)]);
  return [...new Map(all.map((key) => [itemName(key), key])).values()];
}

/** The numeric order of two sequence numbers: they have up to 40 digits, too many for a number. */
export function compareSequenceNumbers(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function findSequenceNumber(record: unknown): string | undefined {
  const found = (record as { dynamodb?: { SequenceNumber?: unknown } } | null)?.dynamodb?.SequenceNumber;
  return typeof found === 'string' && /^\d{1,40}$/.test(found) ? found : undefined;
}

function keyIn(keys: unknown, attribute: string): string {
  const key = (keys as Record<string, { S?: unknown }> | undefined)?.[attribute]?.S;
  if (typeof key !== 'string' || key === '') throw malformed(`Keys.${attribute}`, key, 'a non-empty string');
  return key;
}

function storedIn(name: string, dynamodb: Record<string, unknown> | undefined): StoredItem {
  const image = dynamodb?.[name];
  if (typeof image !== 'object' || image === null)
    throw malformed(name, image, 'an image: the stream must carry both images');
  return image as StoredItem;
}

function malformed(what: string, seen: unknown, allowed: string, cause?: unknown): DeallocatorError {
  const shown = JSON.stringify(seen)?.slice(0, SHOWN_CHARACTERS_MAX) ?? 'nothing';
  return invalid(
    `a stream record can't be read: ${what} is ${shown}, expected ${allowed}; it goes to the dead-letter queue, and the next sweep settles what it was about`,
    cause,
  );
}
