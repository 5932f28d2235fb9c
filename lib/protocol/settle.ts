/**
 * The decision whether a marked parent goes now: docs/design.md §4.1 step by step. Each line that looks as if it could be
 * left out has its counterexample in docs/design.md §4.3, under the number that stands beside it.
 *
 * SwarmKit's `processService` and `processNetwork` in one. If SwarmKit can't list the tasks, it deletes all the same ("if in
 * doubt"). Here a failed read throws, its record is tried again, and in the end the sweep comes back. No proof, no delete.
 */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { type Chance, roundPauseMillis } from './chance.ts';
import { findHold, type Hold } from './decide.ts';
import { DeallocatorError } from './errors.ts';
import { letGoBy, planFinalization } from './finalize.ts';
import { readLearning } from './learn.ts';
import { type Learning, NOTHING_TO_LEARN } from './learning.ts';
import { CHILD_COUNT_PAGE_ITEMS, SETTLE_ROUNDS_MAX } from './limits.ts';
import { type Counter, isMarked } from './model.ts';
import { DEFAULT_RULES, type Rules } from './rules.ts';
import type { Store } from './store.ts';
import { isoNow, newMarkedAt } from './time.ts';

interface Effort {
  readonly parent: ItemKey;
  /** Times that the steps were gone through. */
  readonly rounds: number;
  /** Recounts that were written. */
  readonly recounts: number;
}

export type Settled = Effort &
  (
    | {
        readonly outcome: 'deleted';
        readonly markedAt: string;
        /** What went in the same transaction. */
        readonly freed: readonly ItemKey[];
        /** Things held beyond what one transaction holds: their attachments go with the removal's stream record. */
        readonly leftToHeal: number;
      }
    | { readonly outcome: 'draining'; readonly remaining: number }
    /** It has no children left, and stays: until its protection is taken away, or until a sweep after its grace period. */
    | ({ readonly outcome: 'held' } & Hold)
    /** Another settle has just counted, and the counter that it wrote will wake a handler. */
    | { readonly outcome: 'yielded' }
    | { readonly outcome: 'not marked' }
    | { readonly outcome: 'absent' }
  );

export interface SettleOptions {
  /** A sweep never yields: after a lost record, the other settle's count may be too high for ever. */
  readonly patient?: boolean;
  /**
   * The counter that a decrement has just returned. It serves as the first round's step 1: a write that returns the new value
   * reads as consistently as step 1 does, and comes before steps 2 and 3 as step 1 must.
   */
  readonly opened?: Counter | undefined;
  /** @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** What is being learned: read once by an invocation, and before it counts anything. @default asked of the store */
  readonly learning?: (() => Promise<Learning>) | undefined;
  /** What set this going, for the receipt: a function's name, and who asked. @default 'unknown' */
  readonly trigger?: string;
}

export async function settle(
  store: Store,
  chance: Chance,
  key: ItemKey,
  options: SettleOptions = {},
): Promise<Settled> {
  const { rules = DEFAULT_RULES, trigger = 'unknown' } = options;
  let recounts = 0;
  for (let round = 1; round <= SETTLE_ROUNDS_MAX; round++) {
    if (round > 1) await chance.pause(roundPauseMillis(chance, round));
    const effort = () => ({ parent: key, rounds: round, recounts });

    // 1 open
    const opened = round === 1 ? options.opened : undefined;
    const counter = opened ?? (await store.openCounter(key, { epoch: chance.fresh(), openedAt: isoNow(chance) }));

    // 2 parent: before its children are counted (R9), or a mark made in between would inherit the older count; and together with it
    // what is being learned, before anything is counted too (R58)
    const [parent, learning] = await Promise.all([store.readItem(key), askFor(store, key, options)]);
    if (parent === undefined || !parent.pendingDelete) {
      if (parent?.markedAt !== undefined) await store.unstampMark(key, parent.markedAt);
      const closed = await store.closeCounter(key, counter.epoch);
      if (closed === 'other epoch') continue; // else that counter would stay behind (R11)
      return { ...effort(), outcome: parent === undefined ? 'absent' : 'not marked' };
    }
    if (!isMarked(parent)) {
      await store.stampMark(key, newMarkedAt(chance));
      continue;
    }

    // 3 count
    const children = await store.countChildren(key, CHILD_COUNT_PAGE_ITEMS);

    const circumstances = { rules, nowEpochMillis: chance.nowEpochMillis(), learning };
    const hold = findHold(parent, circumstances);

    // 4 recount: relative to what was read before counting, so that decrements in between stay counted (R15). A held parent
    // without children is recounted too: after a lost record its counter is too high, and nothing else would set it right.
    if (children > 0 || (hold !== undefined && counter.remaining > 0)) {
      const recounted = await store.recount(key, counter.epoch, children - counter.remaining, chance.fresh());
      if (recounted.status === 'done') {
        recounts++;
        if (recounted.counter.remaining > 0) {
          return { ...effort(), outcome: 'draining', remaining: recounted.counter.remaining };
        }
      } else if (!options.patient && recounted.found !== undefined && recounted.found.remaining > 0) {
        return { ...effort(), outcome: 'yielded' };
      }
      continue;
    }

    if (hold !== undefined) return { ...effort(), outcome: 'held', ...hold };

    // 5 finalize
    const finalization = await planFinalization(store, parent, circumstances, trigger);
    if ((await store.finalize(finalization)) === 'committed') {
      return {
        ...effort(),
        outcome: 'deleted',
        markedAt: parent.markedAt,
        freed: finalization.freed.map((freed) => freed.key),
        leftToHeal: letGoBy(parent).length - finalization.detached.length,
      };
    }
  }
  throw new DeallocatorError(
    'Aborted',
    `${itemName(key)} was not settled: others changed it in each of ${SETTLE_ROUNDS_MAX} rounds; ` +
      'its record will be delivered again, and the next sweep settles it in any case',
  );
}

/** Only where it can matter: for what is held by value, or may take such along. */
async function askFor(store: Store, { kind }: ItemKey, options: SettleOptions): Promise<Learning> {
  const { declaration } = store.lifecycle;
  const { holds } = store.plan.kinds[kind] as KindPlan;
  if (declaration === undefined || (holds.length === 0 && !Object.hasOwn(declaration, kind))) return NOTHING_TO_LEARN;
  return options.learning === undefined ? readLearning(store) : options.learning();
}
