/** What the one deleting transaction holds. SwarmKit's `deallocateService`, except that nothing inside it can fail alone. */
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { goingAlongMax, HELD_MAX } from '../lifecycle/limits.ts';
import { type Circumstances, goesAlong } from './decide.ts';
import { isMarked, type MarkedItem } from './model.ts';
import { mapInParallel } from './parallel.ts';
import { writeReceipt } from './receipt.ts';
import type { Finalization, Store } from './store.ts';
import { markedAtEpochMillis } from './time.ts';

/**
 * Plans the deletion of an item that nothing keeps: itself, its counter, its attachments, what goes along with it, and the
 * receipt of it all. A raw write may let it hold more than a transaction has room for. The first ones are let go in it, and the
 * attachments of the rest go after it, healed by the deletion's own stream record or by the sweep; not before it, since an
 * undelete in between would find an item whose things nothing protects.
 *
 * @param trigger what set it going, for the receipt
 */
export async function planFinalization(
  store: Store,
  parent: MarkedItem,
  circumstances: Circumstances,
  trigger: string,
): Promise<Finalization> {
  const planned = (kind: string) => store.plan.kinds[kind] as KindPlan;
  // Also what it holds no more: the records that would have let go of it may be lost.
  const detached = letGoBy(parent).slice(0, planned(parent.key.kind).heldMax);
  const free = await mapInParallel(detached, HELD_MAX, async (key) => {
    if (!planned(key.kind).goesAlong) return undefined;
    // Read before its attachments: docs/design.md §4.3 R25.
    const held = await store.readItem(key);
    if (held === undefined || !isMarked(held)) return undefined;
    const attached = await store.listAttached(key, 2);
    return goesAlong(held, attached, parent.key, circumstances) ? held : undefined;
  });
  const freed = firstMarked(
    free.filter((held) => held !== undefined),
    goingAlongMax(detached.length),
  );
  return { parent, detached, freed, receipt: writeReceipt(parent, detached, freed, circumstances, trigger) };
}

/** All that it may be attached to. */
export function letGoBy({ held, letsGo = held }: MarkedItem): readonly ItemKey[] {
  return letsGo;
}

/** So many that were marked first, in the order in which they came. What has no room is woken by its attachment's record. */
export function firstMarked(free: readonly MarkedItem[], most: number): readonly MarkedItem[] {
  // A mark that does not tell its time has no grace period either: it counts as the oldest.
  const timeOf = ({ markedAt }: MarkedItem) => markedAtEpochMillis(markedAt) ?? 0;
  const byTime = [...free].sort((a, b) => timeOf(a) - timeOf(b) || (itemName(a.key) < itemName(b.key) ? -1 : 1));
  const first = new Set(byTime.slice(0, most));
  return free.filter((held) => first.has(held));
}
