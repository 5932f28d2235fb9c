/**
 * Sets right the attachments of a service, or of a task that holds networks, after a raw write of it. Never from a record's
 * image alone: the record may be of a former life, so its images only name the networks to look at.
 */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { type Chance, roundPauseMillis } from './chance.ts';
import { DeallocatorError } from './errors.ts';
import { HEAL_ROUNDS_MAX, HEALS_PER_TRANSACTION_MAX } from './limits.ts';
import { chunks } from './parallel.ts';
import type { Store } from './store.ts';

export interface Healed {
  readonly user: ItemKey;
  /** Networks whose attachment was put, or removed. */
  readonly put: readonly string[];
  readonly removed: readonly string[];
}

export async function heal(store: Store, chance: Chance, user: ItemKey, networks: readonly string[]): Promise<Healed> {
  const put: string[] = [];
  const removed: string[] = [];
  for (let round = 1; round <= HEAL_ROUNDS_MAX; round++) {
    if (round > 1) await chance.pause(roundPauseMillis(chance, round));
    const asRead = await store.readUser(user);
    const attached = await store.readAttachments(user, networks);
    const refersTo = new Set(asRead?.references);
    const wrong = networks.filter((network) => refersTo.has(network) !== attached.has(network));

    let cancelled = false;
    for (const some of chunks(wrong, HEALS_PER_TRANSACTION_MAX)) {
      const missing = some.filter((network) => refersTo.has(network));
      const stale = some.filter((network) => !refersTo.has(network));
      cancelled = (await store.heal({ user, asRead, put: missing, remove: stale })) === 'cancelled';
      if (cancelled) break;
      put.push(...missing);
      removed.push(...stale);
    }
    if (!cancelled) return { user, put, removed };
  }
  throw new DeallocatorError(
    'Aborted',
    `the attachments of ${itemName(user)} were not set right: it changed in each of ${HEAL_ROUNDS_MAX} rounds; ` +
      'its record will be delivered again',
  );
}
