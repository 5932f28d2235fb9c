/**
 * Sets right the attachments of a holder after a raw write of it. Never from a record's image alone: the record may be of a
 * former life, so its images only name what to look at.
 */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { type Chance, roundPauseMillis } from './chance.ts';
import { DeallocatorError } from './errors.ts';
import { HEAL_ROUNDS_MAX, HEALS_PER_TRANSACTION_MAX } from './limits.ts';
import { chunks } from './parallel.ts';
import type { Store } from './store.ts';

export interface Healed {
  readonly holder: ItemKey;
  /** Things whose attachment was put, or removed. */
  readonly put: readonly ItemKey[];
  readonly removed: readonly ItemKey[];
}

/** @param things of whatever kinds, each once */
export async function heal(store: Store, chance: Chance, holder: ItemKey, things: readonly ItemKey[]): Promise<Healed> {
  const put: ItemKey[] = [];
  const removed: ItemKey[] = [];
  for (let round = 1; round <= HEAL_ROUNDS_MAX; round++) {
    if (round > 1) await chance.pause(roundPauseMillis(chance, round));
    const asRead = await store.readItem(holder);
    const attached = await store.readAttachments(holder, things);
    const held = new Set(asRead?.held.map(itemName));
    const isHeld = (thing: ItemKey) => held.has(itemName(thing));
    const wrong = things.filter((thing) => isHeld(thing) !== attached.has(itemName(thing)));

    let cancelled = false;
    for (const some of chunks(wrong, HEALS_PER_TRANSACTION_MAX)) {
      const missing = some.filter(isHeld);
      const stale = some.filter((thing) => !isHeld(thing));
      cancelled = (await store.heal({ holder, asRead, put: missing, remove: stale })) === 'cancelled';
      if (cancelled) break;
      put.push(...missing);
      removed.push(...stale);
    }
    if (!cancelled) return { holder, put, removed };
  }
  throw new DeallocatorError(
    'Aborted',
    `the attachments of ${itemName(holder)} were not set right: it changed in each of ${HEAL_ROUNDS_MAX} rounds; ` +
      'its record will be delivered again',
  );
}
