/** What is marked and still there, what needs somebody first, then the oldest first. */

import { type Id, idOf } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { checkLimit } from '../../protocol/arguments.ts';
import { chunks } from '../../protocol/parallel.ts';
import { isoNow, markedAtEpochMillis } from '../../protocol/time.ts';
import { guardedOf } from '../names.ts';
import { hasUsers, readChildrenOf, readUsersOf } from './children.ts';
import { CHILD_PAGES_MAX, type Cluster, type CounterFound } from './cluster.ts';
import type { StayReason } from './foreseen.ts';
import type { ChildrenFound, UsersFound } from './found.ts';
import type { FoundParent } from './found-parents.ts';
import { inOrderOf } from './order.ts';
import { seenUsersOf } from './seen-users.ts';
import {
  LEVELS_LOOKED_AT_MAX,
  MARKED_STATES,
  type MarkedState,
  needsSomebody,
  type Seen,
  STALLED_AFTER_MILLIS_DEFAULT,
  type Standing,
  standingOf,
  USERS_LOOKED_AT_MAX,
} from './standing.ts';
import {
  allChildren,
  type CounterView,
  type CountView,
  type MarkView,
  underKeyCount,
  viewCounter,
  viewHold,
  viewMark,
} from './view.ts';

/** Marked objects that a status shows by default. */
export const STATUS_OBJECTS_DEFAULT = 100;
/** Marked objects that a status shows at most. */
export const STATUS_OBJECTS_MAX = 10_000;
/**
 * Marked objects that are looked at, the oldest ones, to find the worst of them: more than are shown. Together they cost a
 * request for 100 of them, of their counters and of the users of networks, and one for the children of each; or these tables whole,
 * where that is less.
 */
export const STATUS_LOOKED_AT_DEFAULT = 500;

/** Objects whose users are held in memory at a time, at most 100 of each. */
const LOOKED_AT_TOGETHER = 500;
/** Users, and users of these, that are looked at for so many objects, beyond the first 100 of each. */
const DEEPER_LOOKED_AT_MAX = 1000;

/** What a status shows. */
export interface StatusOptions {
  /** Marked objects to show, 1 to 10,000. @default 100 */
  readonly limit?: number | undefined;
  /** Also finds marks of raw writers that no function has seen yet; reads the tables of all guarded kinds whole. @default false */
  readonly full?: boolean;
  /** Only what stays until somebody acts: unreadable, blocked, stalled, protected. Looks at the 10,000 oldest. @default false */
  readonly blocked?: boolean;
  /** How long nothing may happen to an object before it counts as stalled. @default {@link STALLED_AFTER_MILLIS_DEFAULT} */
  readonly stalledAfterMillis?: number | undefined;
}

/** A marked object, and what it waits for. */
export type StatusEntry = Standing & {
  /** Its kind. */
  readonly kind: string;
  /** Its id: a text; where it has several parts, these by their names. */
  readonly id: Id;
  /** Such as `service#web`. */
  readonly object: string;
  /** What people call it, where its spec has a name. */
  readonly name?: string;
  /** Its mark. */
  readonly mark: MarkView;
  /** All that keeps it, for a service its tasks, for a network its users: counted in the table right now. */
  readonly children: CountView;
  /** A protection or a grace period, also where something worse is in the way. */
  readonly hold?: StayReason;
  /** Absent until the deallocator begins to count. */
  readonly counter?: CounterView;
};

/** What is marked and still there. Plain data, ready for JSON. */
export interface Status {
  /** When reading began, ISO 8601. What follows is not of one moment, since others write meanwhile. */
  readonly readAt: string;
  /** How many of each state there are among those that were looked at. */
  readonly counts: Readonly<Record<MarkedState, number>>;
  /** The worst first, in the order of {@link MARKED_STATES}; then the oldest first, and marks without a time last. */
  readonly marked: readonly StatusEntry[];
  /** Marks that are not shown. */
  readonly more: number;
  /** Those of them that were not looked at: all newer than the others. */
  readonly notLookedAt: number;
  /** False: there are more marks than were looked through, and the oldest may be among them. */
  readonly isWhole: boolean;
  /** Kinds whose users are being counted, so that nothing of them is deleted yet. Absent where there are none. */
  readonly learning?: readonly LearningView[];
}

/** A kind whose users are being counted, since some of them are older than the declaration that they hold it. */
export interface LearningView {
  /** The held kind, such as `network`. */
  readonly kind: string;
  /** Since when, ISO 8601. Absent: no sweep has seen the declaration yet. */
  readonly since?: string;
}

/** The index of marks may be some moments behind; each marked object is then read consistently. */
export async function readStatus(cluster: Cluster, options: StatusOptions = {}): Promise<Status> {
  const limit = checkLimit(options.limit ?? STATUS_OBJECTS_DEFAULT, STATUS_OBJECTS_MAX);
  const readAt = isoNow(cluster.chance);
  const inOrder = inOrderOf(cluster.plan);
  const { marks, isWhole } = await cluster.listMarks(options.full === true);
  const ages = new Map(marks.map(({ key, markedAt }) => [itemName(key), { key, millis: millisOf(markedAt) }]));
  const oldest = [...ages.values()].sort((a, b) => a.millis - b.millis || inOrder(a.key, b.key));
  const lookedAtMax = options.blocked ? STATUS_OBJECTS_MAX : Math.max(limit, STATUS_LOOKED_AT_DEFAULT);
  const keys = oldest.slice(0, lookedAtMax).map(({ key }) => key);
  const looks = await readEntries(cluster, keys, options.stalledAfterMillis);
  // The sort keeps the order of age among equals.
  const found = looks
    .flatMap(({ entry }) => entry ?? [])
    .sort((a, b) => MARKED_STATES.indexOf(a.state) - MARKED_STATES.indexOf(b.state));
  const wanted = options.blocked ? found.filter((entry) => needsSomebody(entry, entry.hold)) : found;
  const notLookedAt = oldest.length - keys.length;
  const learning = [...(cluster.circumstances.learning ?? [])].map(([kind, since]) => ({
    kind,
    ...(since !== undefined && { since: new Date(since).toISOString() }),
  }));
  return {
    readAt,
    counts: countStates(found),
    marked: wanted.slice(0, limit),
    more: Math.max(0, wanted.length - limit) + notLookedAt,
    notLookedAt,
    isWhole,
    ...(learning.length > 0 && { learning }),
  };
}

/** A parent as it was found, and what it waits for if it is marked. */
export interface Look {
  /** Undefined: it is not there. */
  readonly parent: FoundParent | undefined;
  /** Undefined: it is not marked, or not there. */
  readonly entry: StatusEntry | undefined;
}

/** In the order of the keys, which must differ. All of them are read together. */
export async function readEntries(
  cluster: Cluster,
  keys: readonly ItemKey[],
  stalledAfterMillis = STALLED_AFTER_MILLIS_DEFAULT,
): Promise<Look[]> {
  await cluster.readLearning();
  // Counters before children: one that is read after them would look too low for every removal in between.
  const counters = await cluster.readCounters(keys);
  const parents = await cluster.readParents(keys);
  const marked = [...parents.values()].filter(({ pendingDelete }) => pendingDelete).map(({ key }) => key);
  const children = await readChildrenOf(cluster, marked, 0, CHILD_PAGES_MAX);
  const users = await readUsersOf(cluster, marked);
  const looks: Look[] = [];
  for (const some of chunks(keys, LOOKED_AT_TOGETHER)) {
    const around = await lookAround(cluster, some, users);
    for (const key of some) {
      const name = itemName(key);
      const parent = parents.get(name);
      if (parent?.pendingDelete !== true) looks.push({ parent, entry: undefined });
      else {
        const found = { children: children.get(name), users: users.get(name) };
        const seen = { parent, counter: counters.get(name), users: seenUsersOf(key, around) };
        looks.push({ parent, entry: entryOf(cluster, seen, found, stalledAfterMillis) });
      }
    }
  }
  return looks;
}

/** The first users of each, and of those that are marked, theirs: level by level, all of one level read together. */
async function lookAround(cluster: Cluster, keys: readonly ItemKey[], found: ReadonlyMap<string, UsersFound>) {
  const { plan } = cluster;
  const users = new Map(found);
  const parents = new Map<string, FoundParent | undefined>();
  const counters = new Map<string, CounterFound>();
  let level = keys;
  let left = Number.POSITIVE_INFINITY;
  for (let depth = 0; depth < LEVELS_LOOKED_AT_MAX && level.length > 0; depth++) {
    const first = level.flatMap((key) => users.get(itemName(key))?.users.slice(0, USERS_LOOKED_AT_MAX) ?? []);
    const guarded = new Map(first.flatMap((user) => guardedOf(plan, user) ?? []).map((key) => [itemName(key), key]));
    const next = [...guarded].filter(([name]) => !parents.has(name)).slice(0, left);
    const nextKeys = next.map(([, key]) => key);
    for (const [name, counter] of await cluster.readCounters(nextKeys)) counters.set(name, counter);
    const read = await cluster.readParents(nextKeys);
    for (const [name] of next) parents.set(name, read.get(name));
    left = Math.min(left, DEEPER_LOOKED_AT_MAX) - (depth === 0 ? 0 : next.length);
    level = nextKeys.filter((key) => hasUsers(plan, key.kind) && read.get(itemName(key))?.pendingDelete === true);
    level = level.slice(0, left);
    const unread = level.filter((key) => !users.has(itemName(key)));
    for (const [name, all] of await readUsersOf(cluster, unread)) users.set(name, all);
  }
  return { plan, parents, users, counters };
}

function entryOf(
  cluster: Cluster,
  seen: Pick<Seen, 'parent' | 'counter' | 'users'>,
  found: { readonly children: readonly ChildrenFound[] | undefined; readonly users: UsersFound | undefined },
  stalledAfterMillis: number,
): StatusEntry {
  const { parent, counter } = seen;
  const { circumstances, plan } = cluster;
  const hold = viewHold(parent, circumstances);
  const children = allChildren(found.children, found.users);
  const all = { ...seen, plan, children, underKey: underKeyCount(found.children) };
  return {
    kind: parent.key.kind,
    id: idOf(plan, parent.key),
    object: itemName(parent.key),
    ...(parent.name !== undefined && { name: parent.name }),
    ...standingOf(all, circumstances, stalledAfterMillis),
    mark: viewMark(parent, circumstances.nowEpochMillis),
    children,
    ...(hold && { hold }),
    ...(counter && { counter: viewCounter(counter, circumstances.nowEpochMillis) }),
  };
}

function countStates(entries: readonly StatusEntry[]): Status['counts'] {
  const counts = MARKED_STATES.map(
    (state) => [state, entries.filter((entry) => entry.state === state).length] as const,
  );
  return Object.fromEntries(counts) as Status['counts'];
}

function millisOf(markedAt: string | undefined): number {
  return (markedAt === undefined ? undefined : markedAtEpochMillis(markedAt)) ?? Number.MAX_SAFE_INTEGER;
}
