/** What is seen of the users of an object, and of theirs, in what was read. */
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { guardedOf } from '../names.ts';
import type { CounterFound } from './cluster.ts';
import type { UsersFound } from './found.ts';
import type { FoundParent } from './found-parents.ts';
import { LEVELS_LOOKED_AT_MAX, type SeenUser, USERS_LOOKED_AT_MAX } from './standing.ts';

/** What users are looked up in. */
export interface Around {
  readonly plan: Plan;
  readonly parents: ReadonlyMap<string, FoundParent | undefined>;
  readonly users: ReadonlyMap<string, UsersFound>;
  readonly counters?: ReadonlyMap<string, CounterFound> | undefined;
}

/** Its users as far as they were read, the first 100; and of these that are marked, theirs. No item is gone into twice on one way. */
export function seenUsersOf(key: ItemKey, around: Around, way: ReadonlySet<string> = new Set()): SeenUser[] {
  const { plan, parents, users, counters } = around;
  const all = users.get(itemName(key))?.users ?? [];
  const known = all.filter((user) => {
    const guarded = guardedOf(plan, user);
    return guarded === undefined || parents.has(itemName(guarded));
  });
  const nextWay = new Set([...way, itemName(key)]);
  return known.slice(0, USERS_LOOKED_AT_MAX).map((user) => {
    const guarded = guardedOf(plan, user);
    if (guarded === undefined) return { user, parent: undefined, counter: undefined };
    const name = itemName(guarded);
    const parent = parents.get(name);
    const isGoneInto =
      parent?.pendingDelete === true && users.has(name) && !nextWay.has(name) && nextWay.size < LEVELS_LOOKED_AT_MAX;
    return {
      user,
      parent,
      counter: counters?.get(name),
      ...(isGoneInto && { users: seenUsersOf(guarded, around, nextWay) }),
    };
  });
}
