/** What keeps an item, as reports tell of it: what lies under its key and is deleted plainly, and its users. */
import { attributePath, declaredPath, outermost } from '../../dynamodb/expressions.ts';
import { keyPaths, valueAt } from '../../dynamodb/item-reads.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import { parseItemName } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { ownId } from '../../lifecycle/told.ts';
import { naturally, planned } from '../names.ts';

/** Where a program that runs things writes what it wants of one, and where it says how one is. */
const WANTED = 'desiredState';
const STATE = 'status.state';
const TIMES = ['createdAt', 'status.timestamp', 'updatedAt'] as const;
/** Characters of a state or times that a report shows: users write them, and they may be anything. */
const TEXT_CHARACTERS_MAX = 100;

/** What lies under an item's key, such as a task of a service. */
export interface ChildFound {
  /** What tells it from others under the same key, such as the task's own id. */
  readonly id: string;
  /**
   * Since when it is known to be there: its `createdAt`, else its `status.timestamp`, else its `updatedAt`, as written. Absent
   * where it has none of these: the deallocator itself keeps no time of it.
   */
  readonly since?: string;
  /** Which of these `since` is. */
  readonly sinceAttribute?: (typeof TIMES)[number];
  /** Its state, where that is a text: the first 100 characters. It is where `goneWhen` says, else at `status.state`. */
  readonly state?: string;
  /** What is wanted of it, where that is a text: the first 100 characters. It is where `onDelete` sets it, else at `desiredState`. */
  readonly desiredState?: string;
}

/** What lies under one item's key, of one kind. */
export interface ChildrenFound {
  /** The kind, such as `task`. */
  readonly kind: string;
  /** Those that keep the item; a lower bound unless `isExact`. */
  readonly count: number;
  /** Whether all were counted. */
  readonly isExact: boolean;
  /** The first ones by id, numbers in it by their value. */
  readonly named: readonly ChildFound[];
}

/** What uses an item: what holds it, and the guarded items under its key. */
export interface UsersFound {
  /** By their names, numbers in them by their value. */
  readonly users: readonly ItemKey[];
  /** False: there are more than were read. */
  readonly isWhole: boolean;
}

/** What is read of an item under a key. */
export function childPaths(plan: Plan, kind: string): string[] {
  return outermost([
    ...keyPaths(plan, kind),
    declaredPath(statePath(plan, kind)),
    attributePath(wantedPath(plan, kind)),
    ...TIMES,
  ]);
}

const statePath = (plan: Plan, kind: string) => planned(plan, kind).goneWhen?.at ?? STATE;

function wantedPath(plan: Plan, kind: string): string {
  const [told] = planned(plan, kind).under.flatMap(({ onDelete }) =>
    typeof onDelete === 'object' ? Object.keys(onDelete.set) : [],
  );
  return told ?? WANTED;
}

/** Whether an item keeps what it lies under, and what it holds. */
export function keeps(plan: Plan, kind: string, item: StoredItem): boolean {
  const { goneWhen } = planned(plan, kind);
  if (goneWhen === undefined) return true;
  const state = valueAt(item, goneWhen.at)?.S;
  return !(state !== undefined && goneWhen.isOneOf.includes(state));
}

/** @param found all that may be named */
export function foundChildren(
  plan: Plan,
  kind: string,
  found: readonly { readonly key: ItemKey; readonly item: StoredItem }[],
  { count, isExact, namedMax }: { readonly count: number; readonly isExact: boolean; readonly namedMax: number },
): ChildrenFound {
  const named = found.map(({ key, item }) => ({ id: ownId(plan, key), item }));
  const first = named.sort((a, b) => naturally(a.id, b.id)).slice(0, namedMax);
  return { kind, count, isExact, named: first.map(({ id, item }) => childOf(plan, kind, id, item)) };
}

function childOf(plan: Plan, kind: string, id: string, item: StoredItem): ChildFound {
  const times = TIMES.map((path) => [path, textOf(valueAt(item, path)?.S)] as const);
  const known = times.find(([, time]) => time !== undefined);
  const state = textOf(valueAt(item, statePath(plan, kind))?.S);
  const desiredState = textOf(item[wantedPath(plan, kind)]?.S);
  return {
    id,
    ...(known && { since: known[1] as string, sinceAttribute: known[0] }),
    ...(state !== undefined && { state }),
    ...(desiredState !== undefined && { desiredState }),
  };
}

/** A holder whose name says nothing counts as one that was not read: it holds, and can't be shown. */
export function foundUsers(plan: Plan, names: readonly string[], isWhole: boolean): UsersFound {
  const users = names.toSorted(naturally).map((name) => holderNamed(plan, name));
  const known = users.filter((user) => user !== undefined);
  return { users: known, isWhole: isWhole && known.length === users.length };
}

function holderNamed(plan: Plan, name: string): ItemKey | undefined {
  const key = parseItemName(plan, name);
  if (key === undefined) return undefined;
  const { isGuarded, holds } = planned(plan, key.kind);
  // What is not guarded may have held something by an earlier declaration.
  return !isGuarded || holds.length > 0 ? key : undefined;
}

/** These, and the guarded items under its key. */
export function withUsers({ users, isWhole }: UsersFound, more: readonly ItemKey[], isAll: boolean): UsersFound {
  if (more.length === 0) return { users, isWhole: isWhole && isAll };
  const all = new Map([...users, ...more].map((user) => [itemName(user), user]));
  const names = [...all.keys()].sort(naturally);
  return { users: names.map((name) => all.get(name) as ItemKey), isWhole: isWhole && isAll };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_CHARACTERS_MAX) : undefined;
}
