/** A sweep's part in learning: docs/design.md §4.4. It takes the declaration, heals all holders page by page, and ends it. */
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Chance } from './chance.ts';
import { type Healed, heal } from './heal.ts';
import {
  type Holder,
  type Learning,
  type LearningPlace,
  type Lifecycle,
  learningTo,
  NOTHING_TO_LEARN,
  takeDeclaration,
} from './learning.ts';
import { USERS_TOGETHER_MAX } from './limits.ts';
import { mapInParallel } from './parallel.ts';
import type { Store } from './store.ts';

export interface LearnOptions {
  /** Asked before each page: whether there is time for one. */
  mayGoOn(): boolean;
  readonly onHealed: (healed: Healed) => void;
  readonly onFailed: (holder: ItemKey, error: unknown) => void;
}

export interface Learned {
  /** What is still being learned. */
  readonly learning: Learning;
  /** This very run came to the end of it: marks that were held until now can be settled. */
  readonly hasEnded: boolean;
}

/** Read once by each invocation, before it counts anything (R58, R59). */
export async function readLearning(store: Pick<Store, 'lifecycle'>): Promise<Learning> {
  const { declaration } = store.lifecycle;
  if (declaration === undefined || Object.keys(declaration).length === 0) return NOTHING_TO_LEARN;
  return learningTo(declaration, (await store.lifecycle.read()).lifecycle);
}

export async function learn(store: Store, chance: Chance, options: LearnOptions): Promise<Learned> {
  const hasEnded = await learnOn(store, chance, options);
  // Anew: with a declaration that another deployment has brought meanwhile, all is held.
  return { learning: await readLearning(store), hasEnded };
}

async function learnOn(store: Store, chance: Chance, options: LearnOptions): Promise<boolean> {
  const { declaration } = store.lifecycle;
  if (declaration === undefined) return false;
  const found = await store.lifecycle.read();
  const now = { version: chance.fresh(), nowEpochMillis: chance.nowEpochMillis() };
  const taken = takeDeclaration(declaration, found, now);
  if (taken !== undefined && (await store.lifecycle.take(taken, found)) === 'refused') return false;
  const lifecycle = taken ?? found.lifecycle;
  if (lifecycle === undefined || Object.keys(lifecycle.learning).length === 0) return false;
  // Before the heal and not behind it: a sweep of the former declaration takes away what it does not know, and must not do so to what
  // was healed (R66).
  if (chance.nowEpochMillis() < Date.parse(lifecycle.endsFrom)) return false;
  if (!(await healHolders(store, chance, lifecycle, options))) return false;
  // The next list begins at the beginning, whoever makes it: what was held until now may lie anywhere (R70).
  await store.writeSweepCursor(undefined);
  return (await store.lifecycle.end(lifecycle.version, chance.fresh())) === 'done';
}

/** Whether it came to the end of all tables. */
async function healHolders(
  store: Store,
  chance: Chance,
  { version, learning, place }: Lifecycle,
  options: LearnOptions,
): Promise<boolean> {
  const kinds = store.lifecycle.holdersOf(learning);
  const first = kinds.indexOf(place?.kind ?? '');
  let next: LearningPlace | undefined = first === -1 ? placeOf(kinds[0]) : place;
  while (next !== undefined) {
    if (!options.mayGoOn()) return false;
    const { kind, from }: LearningPlace = next;
    const page = await store.lifecycle.listHolders(kind, from);
    if (!(await healAll(store, chance, page.items, options))) return false;
    next = page.next === undefined ? placeOf(kinds[kinds.indexOf(kind) + 1]) : { kind, from: page.next };
    // Refused (R68): another declaration is in force, and what was healed for this one says nothing of it.
    if (next !== undefined && (await store.lifecycle.keepPlace(version, next)) === 'refused') return false;
  }
  return true;
}

function placeOf(kind: string | undefined): LearningPlace | undefined {
  return kind === undefined ? undefined : { kind, from: undefined };
}

/** False where one could not be healed: it has no attachment yet, so learning stays where it is. */
async function healAll(store: Store, chance: Chance, holders: readonly Holder[], options: LearnOptions) {
  let areHealed = true;
  await mapInParallel(holders, USERS_TOGETHER_MAX, async ({ key, held }) => {
    try {
      options.onHealed(await heal(store, chance, key, held));
    } catch (error) {
      areHealed = false;
      options.onFailed(key, error);
    }
  });
  return areHealed;
}
