/** How a stored item is read. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributesOf } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { markAttributes, type Plan } from '../lifecycle/plan.ts';
import { heldBy, namedBy } from '../lifecycle/references.ts';
import type { TablePlan } from '../lifecycle/tables.ts';
import { invalid } from '../protocol/arguments.ts';
import { MARKED_BY_BYTES_MAX, MARKED_REASON_BYTES_MAX, NAME_BYTES_MAX } from '../protocol/limits.ts';
import { type AsRead, byteLength, type Counter, type SeenItem } from '../protocol/model.ts';
import type { PageKey } from '../protocol/pages.ts';
import type { Receipt } from '../protocol/receipt.ts';
import { fullSweepSources, listedBy, type SweepCursor, type SweepSource } from '../protocol/store.ts';
import { NAME_PATHS, nameOf } from './descriptions.ts';
import { attributePath, declaredPath, outermost, stepsOf } from './expressions.ts';
import { type Item, type StoredItem, StoredValue } from './requests.ts';
import { RECEIPT_EXPIRY } from './schema.ts';

/** What is read of an item of a kind: not the whole item, which may be 400 KB of the user's. */
interface Reading {
  readonly paths: readonly string[];
  /** Those of them that say what it holds: a transaction compares them. */
  readonly compared: readonly string[];
}

const READINGS = new WeakMap<KindPlan, Reading>();

function readingOf(plan: Plan, kind: string): Reading {
  const planned = plan.kinds[kind] as KindPlan;
  const known = READINGS.get(planned);
  if (known !== undefined) return known;
  const compared = outermost(holdingPaths(planned));
  const keys = Object.keys(planned.key).map(attributePath);
  // Names are for receipts and reports: an id that Docker has made tells nobody anything.
  const marking = planned.isGuarded ? markAttributes(plan).map(attributePath) : [];
  const paths = outermost([...keys, ...marking, ...compared, ...(planned.isGuarded ? NAME_PATHS : [])]);
  const reading = { paths, compared };
  READINGS.set(planned, reading);
  return reading;
}

/** Where an item of the kind says what it holds: each path up to its first list, and the state that ends it. */
function holdingPaths({ holds, goneWhen }: KindPlan): string[] {
  if (holds.length === 0) return [];
  const roots = holds.flatMap(({ paths }) => paths.map((path) => path.split('[]')[0] as string));
  return [...roots, ...(goneWhen === undefined ? [] : [goneWhen.at])].map(declaredPath);
}

/** What is read of an item of the kind, to see it as {@link seenItem} does. */
export function seenPaths(plan: Plan, kind: string): readonly string[] {
  return readingOf(plan, kind).paths;
}

export const COUNTER_PATHS: readonly string[] = ['id', 'remaining', 'epoch'];

export function seenItem(plan: Plan, key: ItemKey, item: StoredItem): SeenItem {
  const { markedBy, markedReason } = plan.attributes;
  return {
    key,
    ...markOf(plan, item),
    markedBy: bounded(item[markedBy]?.S, MARKED_BY_BYTES_MAX),
    markedReason: bounded(item[markedReason]?.S, MARKED_REASON_BYTES_MAX),
    name: bounded(nameOf(item), NAME_BYTES_MAX),
    ...heldAndNamed(plan, key, item),
    asRead: asReadOf(plan, key.kind, item),
  };
}

/** What a stored item holds, whatever else is in it. */
export function heldIn(plan: Plan, key: ItemKey, item: StoredItem): readonly ItemKey[] {
  return heldAndNamed(plan, key, item).held;
}

function heldAndNamed(plan: Plan, key: ItemKey, item: StoredItem): Pick<SeenItem, 'held' | 'letsGo'> {
  const { compared } = readingOf(plan, key.kind);
  if (compared.length === 0) return { held: [] };
  const names = new Set(compared.map((path) => stepsOf(path)[0] as string));
  const told = [...names].flatMap((name) => {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    return value === undefined ? [] : [[name, plain(value)] as const];
  });
  const seen = { ...Object.fromEntries(told), ...attributesOf(plan, key) };
  const [held, letsGo] = [heldBy(plan, key.kind, seen), namedBy(plan, key.kind, seen)];
  return { held, ...(letsGo.length > held.length && { letsGo }) };
}

/** What says that a stored item holds what it holds, by its paths. */
export function asReadOf(plan: Plan, kind: string, item: StoredItem): AsRead {
  return Object.fromEntries(
    readingOf(plan, kind).compared.map((path) => {
      const value = valueAt(item, stepsOf(path));
      return [path, value && new StoredValue(value)];
    }),
  );
}

function valueAt(item: StoredItem, steps: readonly string[]): AttributeValue | undefined {
  return steps.reduce<AttributeValue | undefined>(attribute, { M: item });
}

/** How deep a value is looked into: DynamoDB has 32 levels, and a record's image what its sender likes. */
const LEVELS_MAX = 64;

/** As much of a value as tells what is held: texts, and what holds texts. What the SDK can't translate costs nothing else. */
function plain(value: AttributeValue, levels = LEVELS_MAX): unknown {
  if (levels === 0) return false;
  const { S, L, M, SS } = value;
  if (S !== undefined) return S;
  if (SS !== undefined) return new Set(SS);
  if (L !== undefined) return L.map((entry) => plain(entry, levels - 1));
  if (M !== undefined)
    return Object.fromEntries(Object.entries(M).map(([name, inner]) => [name, plain(inner, levels - 1)]));
  return value.NULL === true ? null : false; // something is there, and it is no text
}

/** Only a BOOL counts as a mark or a protection, and only a text as a time. */
export function markOf({ attributes }: Pick<Plan, 'attributes'>, item: StoredItem) {
  return {
    pendingDelete: item[attributes.pendingDelete]?.BOOL === true,
    markedAt: item[attributes.markedAt]?.S,
    isProtected: item[attributes.protected]?.BOOL === true,
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

/** An attribute of a stored map, and nothing that a map inherits. */
function attribute(map: AttributeValue | undefined, name: string): AttributeValue | undefined {
  return map?.M !== undefined && Object.hasOwn(map.M, name) ? map.M[name] : undefined;
}

/** A cursor that we can't have written is passed over: the sweep begins anew, and loses nothing but time. */
export function sweepCursorOf(plan: Plan, item: Item | undefined): SweepCursor | undefined {
  const { source, from } = (item?.cursor ?? {}) as Partial<Record<keyof SweepCursor, unknown>>;
  const known = fullSweepSources(plan).find((one) => one === source);
  if (known === undefined) return undefined;
  if (from === undefined) return { source: known, from };
  const names = [...pageKeyOf(plan, known)].sort();
  const isPlace = (place: unknown): place is PageKey =>
    typeof place === 'object' &&
    place !== null &&
    Object.keys(place).sort().join() === names.join() &&
    Object.values(place).every((value) => typeof value === 'string' && value !== '');
  return isPlace(from) ? { source: known, from } : undefined;
}

/** The attributes that say where a page of a sweep's list goes on. */
function pageKeyOf(plan: Plan, source: SweepSource): readonly string[] {
  const listed = listedBy(plan, source);
  if (listed.list === 'counters') return keyNames(plan.tables.counters as TablePlan);
  const table = plan.tables[(plan.kinds[listed.kind] as KindPlan).table] as TablePlan;
  return listed.list === 'marked' ? indexKeyNames(table) : keyNames(table);
}

/** The attributes of a table's key. */
export function keyNames({ partitionKey, sortKey }: Pick<TablePlan, 'partitionKey' | 'sortKey'>): string[] {
  return sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
}

/** The attributes that an entry of a table's index of marks is known by: its own key, and the item's. */
export function indexKeyNames(table: TablePlan): string[] {
  return [...new Set([...keyNames(table), ...(table.markedIndex === undefined ? [] : keyNames(table.markedIndex))])];
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
