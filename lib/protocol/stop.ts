/** On a mark, tells the service's tasks to stop: their runner sees `desiredState: "remove"`, and deletes them. */

import type { ItemKey } from '../lifecycle/keys.ts';
import type { Chance } from './chance.ts';
import { findHold } from './decide.ts';
import { readLearning } from './learn.ts';
import { STOP_PAGES_MAX, STOP_TASKS_MAX, STOP_TRIES_MAX, STOPS_PER_TRANSACTION_MAX } from './limits.ts';
import { isMarked, kindRules } from './model.ts';
import { eachPage } from './pages.ts';
import { chunks } from './parallel.ts';
import type { Rules } from './rules.ts';
import type { Store } from './store.ts';

/**
 * Returns the number of tasks that were told to stop. It tells them only under a mark that nothing holds: a grace period is
 * there for regret, and a task that was told to stop is lost. Each transaction checks the very mark, so that no task is told
 * after an undelete. What is beyond the bounds is left to the next sweep.
 */
export async function stopTasks(store: Store, chance: Chance, key: ItemKey, rules: Rules): Promise<number> {
  if (!rules.stopTasks || !kindRules(key.kind).runsTasks) return 0;
  const service = await store.readParent(key);
  const circumstances = { rules, nowEpochMillis: chance.nowEpochMillis(), learning: await readLearning(store) };
  if (service === undefined || !isMarked(service) || findHold(service, circumstances)) return 0;
  let stopped = 0;
  const pages = eachPage((from) => store.listUnstopped(key, from), { pagesMax: STOP_PAGES_MAX });
  for await (const { items } of pages) {
    for (const some of chunks(items, STOPS_PER_TRANSACTION_MAX)) {
      let ids: readonly string[] = some;
      for (let tries = 1; ids.length > 0 && tries <= STOP_TRIES_MAX; tries++) {
        const done = await store.stopTasks(service, ids);
        if (done.status === 'not marked') return stopped;
        if (done.status === 'committed') stopped += ids.length;
        // Again without those that have gone or were told meanwhile.
        ids = done.status === 'committed' ? [] : ids.filter((id) => !done.unfit.includes(id));
      }
    }
    if (stopped >= STOP_TASKS_MAX) break;
  }
  return stopped;
}
