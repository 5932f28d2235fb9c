/**
 * What holds at rest of the items of any kinds: once every record has been delivered and every function has returned. The promises
 * are those of docs/design.md §5.
 */
import { keyOfItem, parseItemName, partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { liesUnder } from '../lifecycle/parents.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { heldBy, isGone } from '../lifecycle/references.ts';
import { type Circumstances, findHold } from './decide.ts';
import { attachmentSubject, type Violation } from './violations.ts';

/** An item as it is in its table, or as much of it as its kind tells by. It is never changed in place: see {@link tellItem}. */
export type StoredItem = Readonly<Record<string, unknown>>;

/** All items at one moment. */
export interface KindWorld {
  /** By their kinds. */
  readonly items: Readonly<Record<string, readonly StoredItem[]>>;
  readonly attachments: readonly { readonly held: string; readonly holder: string }[];
  readonly counters: readonly { readonly id: string; readonly remaining: number }[];
  /** How many children keep each item, where these are not among the items. @default those that are there are counted */
  readonly living?: ReadonlyMap<string, number>;
}

/** What is wrong, and with which item: for who must do something about it. */
export interface RestViolation extends Violation {
  readonly fault:
    | 'child without parent'
    | 'held is missing'
    | 'no attachment'
    | 'left attachment'
    | 'left counter'
    | 'high counter'
    | 'not deleted'
    | 'no counter';
  /** The child, the holder, or what has the counter and the mark. */
  readonly item: ItemKey;
  /** What it lies under, or holds. */
  readonly other?: ItemKey;
}

/** One item, by what its kind says of it. */
export interface Told {
  readonly kind: string;
  /** Undefined for what no item of the kind can be: it counts all the same where a query finds it. */
  readonly key: ItemKey | undefined;
  readonly item: StoredItem;
  /** Whether it keeps nothing any more. */
  readonly hasEnded: boolean;
  /** What waits for it by its key. */
  readonly under: readonly ItemKey[];
  /** What it holds by values. */
  readonly held: readonly ItemKey[];
}

const TOLD = new WeakMap<Plan, WeakMap<StoredItem, Told>>();

/** Read once: a watch asks at each step, and few items have changed since the last one. */
export function tellItem(plan: Plan, kind: string, item: StoredItem): Told {
  const known = TOLD.get(plan) ?? new WeakMap<StoredItem, Told>();
  TOLD.set(plan, known);
  const told = known.get(item) ?? readItem(plan, kind, item);
  known.set(item, told);
  return told;
}

function readItem(plan: Plan, kind: string, item: StoredItem): Told {
  const hasEnded = isGone(plan.kinds[kind] as KindPlan, item);
  return {
    kind,
    key: keyOfItem(plan, kind, item),
    item,
    hasEnded,
    under: hasEnded ? [] : liesUnder(plan, kind, item),
    held: heldBy(plan, kind, item),
  };
}

export function tellWorld(plan: Plan, { items }: Pick<KindWorld, 'items'>): Told[] {
  return Object.keys(plan.kinds).flatMap((kind) => (items[kind] ?? []).map((item) => tellItem(plan, kind, item)));
}

/** What an attachment holds, by its name; undefined for a name of nothing that is held by value. */
export function parseHeldName(plan: Plan, name: string): ItemKey | undefined {
  const key = parseItemName(plan, name);
  return key !== undefined && plan.kinds[key.kind]?.countedBy.some(({ by }) => by === 'attachments') ? key : undefined;
}

/** Who holds, by its name. A leaf may have held things under a former declaration; what is guarded and holds nothing, never. */
export function parseHolderName(plan: Plan, name: string): ItemKey | undefined {
  const key = parseItemName(plan, name);
  const { isGuarded = true, holds = [] } = (key && plan.kinds[key.kind]) ?? {};
  return isGuarded && holds.length === 0 ? undefined : key;
}

/** What has counters and marks, by its name. */
export function parseGuardedName(plan: Plan, name: string): ItemKey | undefined {
  const key = parseItemName(plan, name);
  return key !== undefined && plan.kinds[key.kind]?.isGuarded ? key : undefined;
}

export function isMarkedItem({ attributes }: Plan, item: StoredItem): boolean {
  return item[attributes.pendingDelete] === true;
}

/** What its mark says, for {@link findHold}. */
export function markOf({ attributes }: Plan, key: ItemKey, item: StoredItem) {
  const markedAt = item[attributes.markedAt];
  const isProtected = item[attributes.protected] === true;
  return { key, markedAt: typeof markedAt === 'string' ? markedAt : '', isProtected };
}

/** How many children keep each item, by its name. */
export function countLiving(
  plan: Plan,
  told: readonly Told[],
  attachments: KindWorld['attachments'],
): Map<string, number> {
  const living = new Map<string, number>();
  const add = (name: string) => living.set(name, (living.get(name) ?? 0) + 1);
  for (const { under } of told) for (const parent of under) add(itemName(parent));
  for (const { held } of attachments) if (parseHeldName(plan, held)) add(held);
  return living;
}

export function checkRestOf(plan: Plan, world: KindWorld, circumstances: Circumstances): RestViolation[] {
  const told = tellWorld(plan, world);
  const living = world.living ?? countLiving(plan, told, world.attachments);
  const there = new Map(told.flatMap((one) => (one.key === undefined ? [] : [[itemName(one.key), one] as const])));
  return [
    ...highCounters(plan, world, living),
    ...leftChildren(plan, told, there),
    ...looseAttachments(plan, world, told, there),
    ...leftCounters(plan, world, there),
    ...waiting(plan, world, { told, living }, circumstances),
  ];
}

type There = ReadonlyMap<string, Told>;

/** @param unprocessed removal records of an item's children that no function has counted yet */
export function highCounters(
  plan: Plan,
  { counters }: Pick<KindWorld, 'counters'>,
  living: ReadonlyMap<string, number>,
  unprocessed: (item: ItemKey) => number = () => 0,
): RestViolation[] {
  return counters.flatMap(({ id, remaining }): RestViolation[] => {
    const item = parseGuardedName(plan, id);
    if (item === undefined) return [];
    const children = living.get(id) ?? 0;
    const removals = unprocessed(item);
    if (remaining <= children + removals) return [];
    const message = `the counter of ${id} says ${remaining}, but only ${children} children are left and ${removals} removals are not counted yet; a sweep sets it right`;
    return [{ promise: 'S7', fault: 'high counter', subject: id, item, message }];
  });
}

function* leftChildren(plan: Plan, told: readonly Told[], there: There): Generator<RestViolation> {
  for (const { key, under } of told) {
    for (const parent of under) {
      if (key === undefined || there.has(itemName(parent))) continue;
      const parts = Object.values(partsOfKey(plan, key));
      const what = `${plan.kinds[key.kind]?.words.singular} ${parts.at(-1)}`;
      const message = `${what} is left of ${itemName(parent)}, which is gone`;
      const subject = [key.kind, ...parts].join('#');
      yield { promise: 'S1', fault: 'child without parent', subject, item: key, other: parent, message };
    }
  }
}

/** References without what they name or an attachment, and attachments without a reference. */
function* looseAttachments(
  plan: Plan,
  { attachments }: KindWorld,
  told: readonly Told[],
  there: There,
): Generator<RestViolation> {
  const pairOf = (held: string, holder: string) => JSON.stringify([held, holder]);
  const attached = new Set(attachments.map(({ held, holder }) => pairOf(held, holder)));
  const referred = new Set<string>();
  for (const { key: item, held: all } of told) {
    // What can be none of its kind holds nothing.
    for (const other of all) {
      const [held, holder] = [itemName(other), itemName(item as ItemKey)];
      const about = { item: item as ItemKey, other };
      const uses = `${holder} refers to ${held}`;
      referred.add(pairOf(held, holder));
      if (!there.has(held)) {
        yield {
          promise: 'S2',
          fault: 'held is missing',
          subject: held,
          ...about,
          message: `${uses}, which is not there`,
        };
      }
      if (attached.has(pairOf(held, holder))) continue;
      const message = `${uses} without an attachment, so nothing protects it`;
      yield { promise: 'S2', fault: 'no attachment', subject: attachmentSubject(held, holder), ...about, message };
    }
  }
  for (const { held, holder } of attachments) {
    const [other, item] = [parseHeldName(plan, held), parseHolderName(plan, holder)];
    if (other === undefined || item === undefined || referred.has(pairOf(held, holder))) continue;
    const message = `an attachment to ${held} is left of ${holder}, which does not refer to it`;
    yield { promise: 'S4', fault: 'left attachment', subject: attachmentSubject(held, holder), item, other, message };
  }
}

function* leftCounters(plan: Plan, { counters }: KindWorld, there: There): Generator<RestViolation> {
  for (const { id: name } of counters) {
    const item = parseGuardedName(plan, name);
    const found = there.get(name);
    if (item === undefined || (found !== undefined && isMarkedItem(plan, found.item))) continue;
    const state = found === undefined ? 'gone' : 'not marked';
    const message = `a counter is left of ${name}, which is ${state}; a sweep removes it`;
    yield { promise: 'S4', fault: 'left counter', subject: name, item, message };
  }
}

/** What is marked and should have gone, or what nothing will wake. */
function* waiting(
  plan: Plan,
  { counters }: KindWorld,
  { told, living }: { readonly told: readonly Told[]; readonly living: ReadonlyMap<string, number> },
  circumstances: Circumstances,
): Generator<RestViolation> {
  const counted = new Set(counters.map(({ id }) => id));
  for (const { key: item, item: stored } of told) {
    if (item === undefined || !plan.kinds[item.kind]?.isGuarded || !isMarkedItem(plan, stored)) continue;
    const name = itemName(item);
    if (living.has(name)) {
      if (counted.has(name)) continue;
      const message = `${name} is marked and drains, but has no counter to wake it; a sweep opens one`;
      yield { promise: 'L1', fault: 'no counter', subject: name, item, message };
      continue;
    }
    if (findHold(markOf(plan, item, stored), circumstances) !== undefined) continue;
    const message = `${name} is marked and has no children left, but is still there`;
    yield { promise: 'L1', fault: 'not deleted', subject: name, item, message };
  }
}
