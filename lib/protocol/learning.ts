/**
 * Learning: docs/design.md §4.4. Items that are older than the declaration of what they hold have no attachments yet, so that
 * "nobody is attached" proves nothing until each has been healed once. What is decided of that, from what was read; no store here.
 */
import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { LEARNING_WAIT_MILLIS } from './limits.ts';
import type { Page, PageKey } from './pages.ts';

/**
 * What holds each kind by value: a text for each such dependency. It has all that says which items hold what, so that another
 * table, path or state is another dependency, and is learned anew.
 */
export type Declaration = Readonly<Record<string, readonly string[]>>;

/** Where an unfinished heal of all holders goes on. */
export interface LearningPlace {
  /** The holders' kind. */
  readonly kind: string;
  /** Undefined: at its table's beginning. */
  readonly from: PageKey | undefined;
}

/** The item `lifecycle`. */
export interface Lifecycle {
  /** Fresh at each change of anything but the place. */
  readonly version: string;
  /** What was deployed last, as a sweep took it. */
  readonly declaration: Declaration;
  /** What of it is being learned. */
  readonly learning: Declaration;
  /** When a sweep took the declaration, ISO 8601. */
  readonly since: string;
  /** Before this no function of a former declaration has surely ended, ISO 8601. */
  readonly endsFrom: string;
  readonly place: LearningPlace | undefined;
}

/** The item as it was read. */
export interface LifecycleRead {
  readonly isThere: boolean;
  /** Undefined also where the item is none that the deallocator writes. */
  readonly lifecycle: Lifecycle | undefined;
  /** Its version as it is stored: only the store looks into it. */
  readonly version: unknown;
}

/** An item, and what it holds by value. */
export interface Holder {
  readonly key: ItemKey;
  readonly held: readonly ItemKey[];
}

/** What became of a write of the item. `refused`: somebody else has changed it since it was read, and nothing was written. */
export type Learnt = 'done' | 'refused';

/** The item `lifecycle`, and the pages that learning goes through. */
export interface LifecycleStore {
  /** What the deployment declares. Undefined: its tables began empty under it, so that nothing is older, and no item is asked for. */
  readonly declaration: Declaration | undefined;
  /** Strongly consistent. */
  read(): Promise<LifecycleRead>;
  /** Writes the item, if its version is still the one that was read. */
  take(next: Lifecycle, found: LifecycleRead): Promise<Learnt>;
  /** Where the next sweep goes on, if the version is still this one. */
  keepPlace(version: string, place: LearningPlace): Promise<Learnt>;
  /** All is learned, under a fresh version, if the version is still this one. */
  end(version: string, fresh: string): Promise<Learnt>;
  /** The kinds of those that hold what is being learned, in the order in which their tables are gone through. */
  holdersOf(learning: Declaration): readonly string[];
  /** A page of a kind's items that hold anything, each with what it holds. Of the table itself, strongly consistent (R63). */
  listHolders(kind: string, from: PageKey | undefined): Promise<Page<Holder>>;
}

/** Kinds whose users are being counted, each with the time since when; undefined where no sweep has seen its declaration yet. */
export type Learning = ReadonlyMap<string, number | undefined>;

export const NOTHING_TO_LEARN: Learning = new Map();

/** @param tables physical names, by the plan's */
export function declarationOf(plan: Plan, tables: Readonly<Record<string, string>>): Declaration {
  return Object.fromEntries(
    plan.learning.map(({ kind, holders }) => [kind, holders.flatMap((holder) => textsOf(plan, tables, holder, kind))]),
  );
}

function textsOf(plan: Plan, tables: Readonly<Record<string, string>>, holder: string, kind: string): string[] {
  const { table, key, holds, goneWhen } = plan.kinds[holder] as KindPlan;
  // The attachments' own table too: one that was lost, and made anew, has none.
  const where = { holder, table: tables[table], attachments: tables.attachments, key, goneWhen };
  return holds.flatMap(({ kind: held, paths, isFirstOnly, as }) =>
    held === kind ? [JSON.stringify({ ...where, paths, isFirstOnly, as })] : [],
  );
}

/**
 * What a function of this declaration takes to be learning (R57): whatever the item does not know as it does, or has not come to
 * the end with.
 */
export function learningTo(own: Declaration, lifecycle: Lifecycle | undefined): Learning {
  const kinds = Object.keys(own).flatMap((kind): [string, number | undefined][] => {
    if (!isSame(own[kind], lifecycle?.declaration[kind])) return [[kind, undefined]];
    return lifecycle?.learning[kind]?.length ? [[kind, Date.parse(lifecycle.since)]] : [];
  });
  return new Map(kinds);
}

/** What the item says once a sweep of this declaration has taken it; undefined where it says so already. */
export function takeDeclaration(
  own: Declaration,
  found: { readonly isThere: boolean; readonly lifecycle: Lifecycle | undefined },
  { version, nowEpochMillis }: { readonly version: string; readonly nowEpochMillis: number },
): Lifecycle | undefined {
  const former = found.lifecycle;
  const kinds = new Set([...Object.keys(own), ...Object.keys(former?.declaration ?? {})]);
  if (former !== undefined && [...kinds].every((kind) => isSame(own[kind], former.declaration[kind]))) return undefined;
  if (!found.isThere && kinds.size === 0) return undefined;
  return {
    version,
    declaration: own,
    learning: withoutEmpty(own, (kind, text) => !isLearned(former, kind, text)),
    since: new Date(nowEpochMillis).toISOString(),
    // Where no item was there, nobody can have read in it that all is learned.
    endsFrom: new Date(nowEpochMillis + (found.isThere ? LEARNING_WAIT_MILLIS : 0)).toISOString(),
    place: undefined,
  };
}

/** The kinds whose tables are gone through, in the order of the plan. */
export function holdersToHeal(plan: Plan, learning: Declaration): string[] {
  const holders = new Set(plan.learning.flatMap(({ kind, holders }) => (learning[kind] === undefined ? [] : holders)));
  return Object.keys(plan.kinds).filter((kind) => holders.has(kind));
}

function isLearned(former: Lifecycle | undefined, kind: string, text: string): boolean {
  const isKnown = former?.declaration[kind]?.includes(text) ?? false;
  return isKnown && !former?.learning[kind]?.includes(text);
}

function withoutEmpty(of: Declaration, isWanted: (kind: string, text: string) => boolean): Declaration {
  const kinds = Object.entries(of).map(
    ([kind, texts]) => [kind, texts.filter((text) => isWanted(kind, text))] as const,
  );
  return Object.fromEntries(kinds.filter(([, texts]) => texts.length > 0));
}

/** The same dependencies, in whatever order. */
function isSame(some: readonly string[] = [], others: readonly string[] = []): boolean {
  return some.length === others.length && some.every((text) => others.includes(text));
}
