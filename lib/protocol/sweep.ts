/**
 * Comes back for everything whose record was lost: settles each marked parent, and the parent of each counter. Like
 * SwarmKit's scan at each change of leader, but it reads only what is marked.
 */

import { parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName, sameItem } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Chance } from './chance.ts';
import { type Healed, heal } from './heal.ts';
import { learn } from './learn.ts';
import { type Learning, NOTHING_TO_LEARN } from './learning.ts';
import {
  LEARNING_SHARE_MAX,
  SWEEP_ATTACHMENTS_MAX,
  SWEEP_RESERVE_MILLIS,
  SWEPT_TOGETHER_MAX,
  USERS_TOGETHER_MAX,
} from './limits.ts';
import { eachPage, type Page, type PageKey } from './pages.ts';
import { chunks, mapInParallel, mapTogether } from './parallel.ts';
import { DEFAULT_RULES } from './rules.ts';
import { type Settled, type SettleOptions, settle } from './settle.ts';
import {
  fullSweepSources,
  isOfFullSweep,
  type Listed,
  listedBy,
  type Store,
  type SweepCursor,
  type SweepSource,
  sweepSources,
} from './store.ts';
import { tell } from './tell.ts';
import { isoNow, markedAtEpochMillis } from './time.ts';

export interface SweepReport {
  /** Where the next pass goes on. Undefined when this one came to the end. */
  readonly resumeAt: SweepCursor | undefined;
  readonly settled: number;
  readonly deleted: readonly ItemKey[];
  readonly failed: readonly { readonly parent: ItemKey; readonly error: unknown }[];
  /** Marked parents that were seen and are still there, also those that failed. */
  readonly stillMarked: number;
  /** Age of the oldest of these marks. Undefined when none of them tells its time. */
  readonly oldestMarkMillis: number | undefined;
  /** Kinds whose users are still being counted. */
  readonly learning: readonly string[];
}

export interface SweeperOptions extends Pick<SettleOptions, 'rules' | 'trigger' | 'learning'> {
  readonly onSettled: (settled: Settled) => void;
  readonly onFailed: (parent: ItemKey, error: unknown) => void;
  readonly onTold: (parent: ItemKey, items: number) => void;
}

/** One pass: as much of a sweep as one invocation has time for. */
export interface SweepPassOptions extends Omit<SweeperOptions, 'learning'> {
  readonly onHealed: (healed: Healed) => void;
  readonly from: SweepCursor | undefined;
  /** Also looks for marks without a time: they are in no index, and only their own record would have told of them. */
  readonly full?: boolean;
  /** The pass stops, between two groups of parents, when less than {@link SWEEP_RESERVE_MILLIS} is left. */
  remainingMillis(): number;
  /** After each page that is not the last: where the next sweep goes on if this one dies. */
  readonly onPage: (next: SweepCursor) => Promise<void>;
}

/** Settles parents, each once, and keeps count of what became of them. */
class Sweeper {
  readonly #store: Store;
  readonly #chance: Chance;
  readonly #options: SweeperOptions;
  readonly #done = new Set<string>();
  readonly #deleted: ItemKey[] = [];
  readonly #failed: { parent: ItemKey; error: unknown }[] = [];
  #settled = 0;
  #stillMarked = 0;
  #oldestMarkMillis: number | undefined;

  constructor(store: Store, chance: Chance, options: SweeperOptions) {
    this.#store = store;
    this.#chance = chance;
    this.#options = options;
  }

  /** A parent that can't be settled does not hold up the others: it is reported, and the next sweep tries it again. */
  async settleOne({ key, markedAt }: Pick<Listed, 'key' | 'markedAt'>, heal: () => Promise<unknown>): Promise<void> {
    const { rules = DEFAULT_RULES, trigger, learning, onSettled, onTold } = this.#options;
    if (this.#done.has(itemName(key))) return; // a counter whose parent this sweep has settled as marked
    this.#done.add(itemName(key));
    try {
      await heal();
      const settled = await settle(this.#store, this.#chance, key, { patient: true, rules, trigger, learning });
      this.#settled++;
      if (settled.outcome === 'deleted') this.#deleted.push(key, ...settled.freed);
      else if (settled.outcome === 'draining' || settled.outcome === 'held') this.#remains(markedAt);
      onSettled(settled);
      if (settled.outcome === 'draining') onTold(key, await tell(this.#store, this.#chance, key, rules));
    } catch (error) {
      this.#remains(markedAt);
      this.fail(key, error);
    }
  }

  /** What is not guarded is not settled: only its attachments are set right. */
  async healOne(holder: ItemKey, heal: () => Promise<unknown>): Promise<void> {
    try {
      await heal();
      this.#settled++;
    } catch (error) {
      this.fail(holder, error);
    }
  }

  fail(parent: ItemKey, error: unknown): void {
    this.#failed.push({ parent, error });
    this.#options.onFailed(parent, error);
  }

  report(resumeAt: SweepCursor | undefined, learning: Learning = NOTHING_TO_LEARN): SweepReport {
    return {
      resumeAt,
      settled: this.#settled,
      deleted: this.#deleted,
      failed: this.#failed,
      stillMarked: this.#stillMarked,
      oldestMarkMillis: this.#oldestMarkMillis,
      learning: [...learning.keys()],
    };
  }

  #remains(markedAt: string | undefined): void {
    this.#stillMarked++;
    const at = markedAt === undefined ? undefined : markedAtEpochMillis(markedAt);
    if (at === undefined) return;
    const ageMillis = this.#chance.nowEpochMillis() - at;
    this.#oldestMarkMillis = Math.max(ageMillis, this.#oldestMarkMillis ?? ageMillis);
  }
}

/**
 * Settles named parents as the sweep does, because their record is in the dead-letter queue or an audit has found something.
 * Also sets right the attachments of each named holder, whether it is marked or not, and resets a counter that a raw
 * writer has overwritten (docs/design.md §4.2).
 */
export async function settleNamed(
  store: Store,
  chance: Chance,
  keys: readonly ItemKey[],
  options: SweeperOptions,
): Promise<SweepReport> {
  const sweeper = new Sweeper(store, chance, options);
  const healHeld = async (holder: ItemKey) => {
    const held = (await store.readItem(holder))?.held ?? [];
    if (held.length > 0) await heal(store, chance, holder, held);
  };
  await mapTogether(keys, SWEPT_TOGETHER_MAX, (key) =>
    planned(store, key).isGuarded
      ? sweeper.settleOne({ key, markedAt: undefined }, async () => {
          // Only here: a sweep of everything must not hide from its operators that a raw writer overwrites counters.
          await store.resetUnreadable(key, { epoch: chance.fresh(), openedAt: isoNow(chance) });
          await healChildren(store, chance, key);
          if (planned(store, key).holds.length > 0) await healHeld(key);
        })
      : sweeper.healOne(key, () => healHeld(key)),
  );
  return sweeper.report(undefined);
}

export async function sweep(store: Store, chance: Chance, options: SweepPassOptions): Promise<SweepReport> {
  let leftMillisMin: number | undefined;
  const failed: [ItemKey, unknown][] = [];
  const { learning, hasEnded } = await learn(store, chance, {
    mayGoOn: () => {
      const leftMillis = options.remainingMillis();
      leftMillisMin ??= Math.max(SWEEP_RESERVE_MILLIS, leftMillis * (1 - LEARNING_SHARE_MAX));
      return leftMillis >= leftMillisMin;
    },
    onHealed: options.onHealed,
    onFailed: (holder, error) => failed.push([holder, error]),
  });
  const sweeper = new Sweeper(store, chance, { ...options, learning: async () => learning });
  for (const [holder, error] of failed) sweeper.fail(holder, error);
  // What was held until now may lie before the place where the last sweep stopped (R70).
  const startAt = hasEnded ? undefined : options.from;
  const sources: readonly SweepSource[] =
    options.full || (startAt && isOfFullSweep(startAt.source))
      ? fullSweepSources(store.plan)
      : sweepSources(store.plan);
  // A cursor that names an unknown source begins anew.
  const first = Math.max(0, startAt === undefined ? 0 : sources.indexOf(startAt.source));
  for (const source of sources.slice(first)) {
    let from = source === startAt?.source ? startAt.from : undefined;
    for await (const page of eachPage((at) => list(store, source, at), { startAt: from })) {
      for (const group of chunks(page.items, SWEPT_TOGETHER_MAX)) {
        if (options.remainingMillis() < SWEEP_RESERVE_MILLIS) return sweeper.report({ source, from }, learning);
        await mapInParallel(group, SWEPT_TOGETHER_MAX, (listed) =>
          sweeper.settleOne(listed, () => healChildren(store, chance, listed.key)),
        );
        from = group.at(-1)?.at;
      }
      from = page.next;
      if (from !== undefined) await options.onPage({ source, from });
    }
  }
  return sweeper.report(undefined, learning);
}

function list(store: Store, source: SweepSource, from: PageKey | undefined): Promise<Page<Listed>> {
  const listed = listedBy(store.plan, source);
  if (listed.list === 'counters') return store.listCounters(from);
  return listed.list === 'marked' ? store.listMarked(listed.kind, from) : store.listUnstamped(listed.kind, from);
}

function planned({ plan }: Store, { kind }: ItemKey): KindPlan {
  return plan.kinds[kind] as KindPlan;
}

/**
 * Removes the attachments of a marked item whose holder has gone, or holds it no more, by a raw write whose record was lost as
 * well: else it would wait for them for ever. It costs one read for each attachment of what is marked.
 */
async function healChildren(store: Store, chance: Chance, key: ItemKey): Promise<void> {
  if (!planned(store, key).countedBy.some(({ by }) => by === 'attachments')) return;
  await mapInParallel(await store.listAttached(key, SWEEP_ATTACHMENTS_MAX), USERS_TOGETHER_MAX, async (name) => {
    const holder = parseItemName(store.plan, name);
    // No proof that nobody is called so, or holds by a name of that kind: it holds on, and an audit tells of it.
    if (holder === undefined || isNoHolder(planned(store, holder))) return;
    const asRead = await store.readItem(holder);
    if (!asRead?.held.some((held) => sameItem(held, key))) await heal(store, chance, holder, [key]);
  });
}

/** What is guarded and holds nothing. A leaf may have held things under a former declaration, and lets go of them. */
function isNoHolder({ isGuarded, holds }: KindPlan): boolean {
  return isGuarded && holds.length === 0;
}
