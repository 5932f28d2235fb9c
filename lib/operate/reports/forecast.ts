/**
 * What will be deleted, in which order and together with what, once certain things have happened; and what will stay, and why.
 * A pure function, which decides with the deallocator's own functions.
 */

import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import { goingAlongMax } from '../../lifecycle/limits.ts';
import { type Circumstances, findHold, goesAlong } from '../../protocol/decide.ts';
import { firstMarked } from '../../protocol/finalize.ts';
import { isMarked, type MarkedItem } from '../../protocol/model.ts';
import { guardedOf, planned } from '../names.ts';
import { leavesUnder } from './children.ts';
import { isUnreadable } from './cluster.ts';
import {
  type Assumption,
  type Forecast,
  type ForecastDeletion,
  type ForecastStay,
  isoOf,
  reasonOf,
  type StayReason,
} from './foreseen.ts';
import type { FoundParent } from './found-parents.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { dependsOn, inOrderOf, isUserOf } from './order.ts';

/** One sweep is expected to find over all grace periods that end within one interval of sweeps (the default one). */
const SAME_SWEEP_MILLIS = 15 * 60 * 1000;

/**
 * What happens without intervention: what others delete of each marked object goes, such as the tasks of a service, one object
 * after the other, and grace periods end. Protected objects stay protected.
 */
export function expectedCourse(part: Neighbourhood, circumstances: Circumstances): Assumption[] {
  const marked = new Future(part, circumstances).marked();
  const draining = marked.filter(
    ({ key, isProtected }) =>
      !isProtected && !isUnreadable(part.counters?.get(itemName(key))) && hasLeaves(part, itemName(key)),
  );
  return [
    ...draining.map(({ key }): Assumption => ({ assume: 'children gone', of: itemName(key) })),
    ...sweepsToCome(part, marked, circumstances),
  ];
}

/** Whether anything keeps it that its own users delete: under its key, or attached with no guarded item to go with. */
function hasLeaves(part: Neighbourhood, name: string): boolean {
  const isLeaf = (user: ItemKey) => guardedOf(part.plan, user) === undefined;
  return (
    (part.children.get(name) ?? []).some(({ count }) => count > 0) || (part.users.get(name)?.users ?? []).some(isLeaf)
  );
}

/**
 * Exact where the assumptions come true one after the other, each with its consequences before the next. If two services go at
 * the same moment, the other one may take a network along, or the network goes by itself right after them.
 */
export function forecast(
  part: Neighbourhood,
  circumstances: Circumstances,
  assumptions: readonly Assumption[] = expectedCourse(part, circumstances),
): Forecast {
  const future = new Future(part, circumstances);
  const now = future.settle();
  const steps = assumptions.map((after) => {
    future.let(after);
    return { after, deletions: future.settle() };
  });
  return {
    steps: [...(now.length > 0 ? [{ deletions: now }] : []), ...steps],
    stays: future.stays(),
    isWhole: part.isWhole,
  };
}

function sweepsToCome(part: Neighbourhood, marked: readonly Marked[], circumstances: Circumstances) {
  const ends = marked
    .map((parent) => findHold(parent, circumstances))
    .flatMap((hold) => (hold?.because === 'grace period' ? [hold.untilEpochMillis] : []))
    .sort((a, b) => a - b);
  const sweeps: Assumption[] = [];
  for (let first = 0; first < ends.length; ) {
    const start = ends[first] as number;
    const together = ends.filter((end) => end >= start && end <= start + SAME_SWEEP_MILLIS);
    sweeps.push({ assume: 'sweep', notBefore: isoOf(together.at(-1) as number) });
    first += together.length;
  }
  if (sweeps.length > 0) return sweeps;
  const isStale = marked.some(({ key }) =>
    part.users.get(itemName(key))?.users.some((user) => !isUser(part, user, key)),
  );
  return isStale ? [{ assume: 'sweep' } as const] : [];
}

/** Whether it uses the object, by what was read of it. What is not guarded, or was not read, is believed. */
function isUser(part: Neighbourhood, user: ItemKey, key: ItemKey): boolean {
  const name = itemName(user);
  if (!planned(part.plan, user.kind).isGuarded || !part.parents.has(name)) return true;
  const parent = part.parents.get(name);
  return parent !== undefined && isUserOf(part.plan, parent, key);
}

type Marked = FoundParent & MarkedItem;

/** The neighbourhood, as it changes. */
class Future {
  readonly #part: Neighbourhood;
  #circumstances: Circumstances;
  readonly #parents = new Map<string, FoundParent>();
  /** How many are left under its key, by kind. */
  readonly #children: Map<string, ReadonlyMap<string, number>>;
  readonly #users: Map<string, readonly ItemKey[]>;
  readonly #letGo = new Set<string>();
  readonly #inOrder: (a: ItemKey, b: ItemKey) => number;

  constructor(part: Neighbourhood, circumstances: Circumstances) {
    this.#part = part;
    this.#circumstances = circumstances;
    this.#inOrder = inOrderOf(part.plan);
    // The deallocator will stamp the marks that lack a time.
    const stamp = isoOf(circumstances.nowEpochMillis);
    for (const [name, parent] of part.parents) {
      if (parent === undefined) continue;
      const markedAt = parent.pendingDelete ? (parent.markedAt ?? stamp) : parent.markedAt;
      this.#parents.set(name, { ...parent, markedAt });
    }
    this.#children = new Map(
      [...part.children].map(([name, all]) => [name, new Map(all.map(({ kind, count }) => [kind, count]))]),
    );
    this.#users = new Map([...part.users].map(([name, { users }]) => [name, users]));
  }

  let(assumption: Assumption): void {
    if (assumption.assume === 'children gone') {
      this.#letChildrenGo(assumption.of);
      return;
    }
    const { rules, nowEpochMillis } = this.#circumstances;
    const notBefore = assumption.notBefore === undefined ? nowEpochMillis : Date.parse(assumption.notBefore);
    this.#circumstances = { rules, nowEpochMillis: Math.max(nowEpochMillis, notBefore) };
    for (const { key } of this.marked()) {
      const users = this.#users.get(itemName(key))?.filter((user) => isUser(this.#part, user, key));
      if (users !== undefined) this.#users.set(itemName(key), users);
    }
  }

  /** Wherever these are attached, they let go. */
  #letChildrenGo(of: string): void {
    if (!this.#parents.has(of)) return;
    const { plan } = this.#part;
    this.#children.set(of, new Map([...(this.#children.get(of) ?? [])].map(([kind]) => [kind, 0])));
    const own = new Set(
      this.#users
        .get(of)
        ?.filter((user) => guardedOf(plan, user) === undefined)
        .map(itemName),
    );
    const isGone = (user: ItemKey) => {
      if (planned(plan, user.kind).isGuarded) return false;
      const guarded = guardedOf(plan, user);
      return guarded === undefined ? own.has(itemName(user)) : itemName(guarded) === of;
    };
    for (const [name, users] of this.#users)
      this.#users.set(
        name,
        users.filter((user) => !isGone(user)),
      );
  }

  /** Deletes everything that can go now: first what depends on others, as a sweep does; and then what that has freed. */
  settle(): ForecastDeletion[] {
    const deletions: ForecastDeletion[] = [];
    for (let known = -1; known < deletions.length; ) {
      known = deletions.length;
      for (const parent of this.marked()) {
        const isThere = this.#parents.has(itemName(parent.key));
        if (isThere && this.#reasons(parent).length === 0) deletions.push(this.#delete(parent));
      }
    }
    return deletions;
  }

  stays(): ForecastStay[] {
    return [...this.#parents.values()]
      .filter((parent) => parent.pendingDelete || this.#letGo.has(itemName(parent.key)))
      .sort((a, b) => this.#inOrder(a.key, b.key))
      .map((parent) => ({ object: itemName(parent.key), reasons: this.#reasons(parent) }));
  }

  marked(): Marked[] {
    const isReady = (parent: FoundParent): parent is Marked => isMarked(parent);
    return [...this.#parents.values()].filter(isReady).sort((a, b) => this.#inOrder(a.key, b.key));
  }

  /** What keeps it: what lies under its key, of each kind, and its users. */
  #keptBecause({ key }: FoundParent): StayReason[] {
    const name = itemName(key);
    const { plan, children, users: read } = this.#part;
    const counts = this.#children.get(name);
    const kept = leavesUnder(plan, key.kind).flatMap(({ kind }): StayReason[] => {
      const count = counts?.get(kind);
      if (count === undefined) return [{ because: 'not all read' }];
      // Those that were not counted are expected to go with those that were.
      const isExact = children.get(name)?.find((one) => one.kind === kind)?.isExact === true;
      return count === 0 ? [] : [{ because: 'children', kind, count, isExact }];
    });
    const users = this.#users.get(name) ?? [];
    if (users.length > 0) return [...kept, { because: 'used', by: users.map(itemName) }];
    return read.get(name)?.isWhole === false ? [...kept, { because: 'not all read' }] : kept;
  }

  /** As the deallocator does it: what has no room in the transaction goes right after it. */
  #delete(parent: Marked): ForecastDeletion {
    const { plan } = this.#part;
    const detached = parent.held.slice(0, planned(plan, parent.key.kind).heldMax);
    const free = detached.flatMap((key) => {
      if (!planned(plan, key.kind).goesAlong || this.#part.users.get(itemName(key))?.isWhole === false) return [];
      const users = this.#users.get(itemName(key));
      const held = this.#parents.get(itemName(key));
      const isFree = users !== undefined && goesAlong(held, users.map(itemName), parent.key, this.#circumstances);
      return isFree ? [held as Marked] : [];
    });
    const deleted = [parent, ...firstMarked(free, goingAlongMax(detached.length))].map(({ key }) => itemName(key));
    for (const name of deleted) this.#parents.delete(name);
    const letsGoOf = parent.held.map(itemName).filter((name) => this.#parents.has(name));
    for (const name of letsGoOf) this.#letGo.add(name);
    for (const key of dependsOn(plan, parent)) {
      const name = itemName(key);
      this.#users.set(name, this.#users.get(name)?.filter((user) => !sameItem(user, parent.key)) ?? []);
    }
    return { deleted, letsGoOf };
  }

  #reasons(parent: FoundParent): StayReason[] {
    const hold = isMarked(parent) ? findHold(parent, this.#circumstances) : undefined;
    const isStuck = parent.pendingDelete && isUnreadable(this.#part.counters?.get(itemName(parent.key)));
    return [
      ...(parent.pendingDelete ? [] : [{ because: 'not marked' } as const]),
      ...(isStuck ? [{ because: 'unreadable counter' } as const] : []),
      ...(hold === undefined ? [] : [reasonOf(hold)]),
      ...this.#keptBecause(parent),
    ];
  }
}
