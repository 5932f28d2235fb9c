/** On a mark, tells what lies under it what its lifecycle says: `desiredState: "remove"`, so that their runner deletes the tasks. */

import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Chance } from './chance.ts';
import { findHold } from './decide.ts';
import { readLearning } from './learn.ts';
import { TELL_PAGES_MAX, TELL_TRIES_MAX, TELLS_PER_TRANSACTION_MAX, TOLD_ITEMS_MAX } from './limits.ts';
import { isMarked, type MarkedItem } from './model.ts';
import { eachPage } from './pages.ts';
import { chunks } from './parallel.ts';
import type { Rules } from './rules.ts';
import type { Store, Telling } from './store.ts';

/**
 * Returns the number of items that were told. It tells them only under a mark that nothing holds: a grace period is there for
 * regret, and a task that was told to stop is lost. Each transaction checks the very mark, so that none is told after an
 * undelete. What is beyond the bounds is left to the next sweep.
 */
export async function tell(store: Store, chance: Chance, key: ItemKey, rules: Rules): Promise<number> {
  const { tells } = store.plan.kinds[key.kind] as KindPlan;
  if (tells.length === 0) return 0;
  const [parent, learning] = await Promise.all([store.readItem(key), readLearning(store)]);
  const circumstances = { rules, nowEpochMillis: chance.nowEpochMillis(), learning };
  if (parent === undefined || !isMarked(parent) || findHold(parent, circumstances)) return 0;
  let told = 0;
  for (const telling of tells) {
    const { items, isMarkedStill } = await tellKind(store, parent, telling);
    told += items;
    if (!isMarkedStill) break;
  }
  return told;
}

async function tellKind(store: Store, parent: MarkedItem, telling: Telling) {
  let told = 0;
  const pages = eachPage((from) => store.listUntold(parent.key, telling, from), { pagesMax: TELL_PAGES_MAX });
  for await (const { items } of pages) {
    for (const some of chunks(items, TELLS_PER_TRANSACTION_MAX)) {
      let left: readonly ItemKey[] = some;
      for (let tries = 1; left.length > 0 && tries <= TELL_TRIES_MAX; tries++) {
        const done = await store.tell(parent, telling, left);
        if (done.status === 'not marked') return { items: told, isMarkedStill: false };
        if (done.status === 'committed') told += left.length;
        // Again without those that have gone or were told meanwhile.
        left = done.status === 'committed' ? [] : left.filter((item) => !done.unfit.includes(item));
      }
    }
    if (told >= TOLD_ITEMS_MAX) break;
  }
  return { items: told, isMarkedStill: true };
}
