/** What follows from a lifecycle for each kind. A part of the plan. */
import { asOf, isGuarded, pathsOf } from './checks.ts';
import type { Kind, OnDelete, Path, Template } from './declaration.ts';
import { HELD_MAX, HELD_TOGETHER_MAX } from './limits.ts';
import { partsIn } from './templates.ts';
import { partsOf, type UnderKey, underKey } from './under-key.ts';
import { type Words, wordsOf } from './words.ts';

/** What follows for one kind. */
export interface KindPlan<N extends string = string> {
  /** Its table's name here. */
  readonly table: string;
  /** Its key as declared, partition key first. */
  readonly key: Readonly<Record<string, Template>>;
  /** The parts of its id, in the order of its key. */
  readonly parts: readonly string[];
  /** Whether it is deleted by a mark only, as all that something depends on. Other items are deleted plainly. */
  readonly isGuarded: boolean;
  /** What it depends on by key. */
  readonly under: readonly Under<N>[];
  /** What it depends on by value. */
  readonly holds: readonly Held<N>[];
  /** What must be gone before one of it goes, and how that is counted: each consistently, and none is left where each says none. */
  readonly countedBy: readonly Count<N>[];
  /**
   * Whether it goes in the transaction of the last guarded item that held it: it depends on nothing, and only holders keep it. What is
   * held by leaves alone goes one record later, since nobody deletes these in a transaction of ours.
   */
  readonly goesAlong: boolean;
  /** Things that one item may hold; 0 where it holds nothing by value. */
  readonly heldMax: number;
  /** What is there and not marked when one is created, checked in the creating transaction (the fence). */
  readonly fencedBy: readonly N[];
  /** Kinds whose items forbid a mark of it while they are there and not marked. */
  readonly restrictedBy: readonly N[];
  /** What is written to the items under it when it is marked, for the programs that run them. */
  readonly tells: readonly {
    /** The kind of those items. */
    readonly kind: N;
    /** The texts, by their attributes. */
    readonly set: Readonly<Record<string, string>>;
  }[];
  /** When one of it keeps nothing any more, though it is still there. */
  readonly goneWhen?: {
    /** The path of the text. */
    readonly at: Path;
    /** Each of these: the item keeps nothing. */
    readonly isOneOf: readonly string[];
  };
  /** What it is called where people read or type it. */
  readonly words: Words;
}

/** A dependency by key. */
export interface Under<N extends string = string> {
  /** What it lies under. */
  readonly kind: N;
  /** What becomes of it when that is to go. */
  readonly onDelete: OnDelete;
}

/** A dependency by value. */
export interface Held<N extends string = string> {
  /** What it holds. */
  readonly kind: N;
  /** Where the values are that name it. */
  readonly paths: readonly Path[];
  /** Whether only the first path counts at which anything is. */
  readonly isFirstOnly: boolean;
  /** How a value names the other. */
  readonly as: Template;
  /** What becomes of the holder when the other is to go. */
  readonly onDelete: Exclude<OnDelete, object>;
}

/** One source of what keeps an item: a query on the table of a kind under its key, or on the attachments under its name. */
export type Count<N extends string = string> =
  | (UnderKey & {
      /** By a query of the items under its key. */
      readonly by: 'key';
      /** The kind that is counted. */
      readonly kind: N;
      /** That kind's table. */
      readonly table: string;
      /** Which of them do not count. */
      readonly goneWhen?: KindPlan['goneWhen'];
      /** Whether one read counts them for several at once: one text fits the keys of all, and none is filtered out. */
      readonly isCountedTogether: boolean;
    })
  | {
      /** By a query of its attachments. */
      readonly by: 'attachments';
      /** The kinds of those that hold it. */
      readonly kinds: readonly N[];
    };

type Kinds = Readonly<Record<string, Kind>>;

export function planKinds(kinds: Kinds): Record<string, KindPlan> {
  return Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, planKind(name, kind, kinds)]));
}

function planKind(name: string, kind: Kind, kinds: Kinds): KindPlan {
  const under = underOf(kind);
  const holds = holdsOf(kind, kinds);
  const countedBy = countsOf(name, kind, kinds);
  const dependents = Object.entries(kinds).flatMap(([other, { dependsOn = [] }]) =>
    dependsOn.filter((one) => one.kind === name).map(({ onDelete = 'wait' }) => ({ kind: other, onDelete })),
  );
  return {
    table: kind.table,
    key: kind.key,
    parts: partsOf(kind),
    isGuarded: isGuarded(name, kinds),
    under,
    holds,
    countedBy,
    goesAlong:
      under.length + holds.length === 0 && countedBy.length === 1 && countedBy.some((one) => isTakenAlong(one, kinds)),
    heldMax: holds.length === 0 ? 0 : holds.length === 1 ? HELD_TOGETHER_MAX : HELD_MAX,
    fencedBy: [...under, ...holds].map((one) => one.kind),
    restrictedBy: dependents.filter(({ onDelete }) => onDelete === 'restrict').map((one) => one.kind),
    tells: dependents.flatMap(({ kind: other, onDelete }) =>
      typeof onDelete === 'object' ? [{ kind: other, set: onDelete.set }] : [],
    ),
    ...(kind.goneWhen !== undefined && { goneWhen: kind.goneWhen }),
    words: wordsOf(name, Object.keys(kinds)),
  };
}

function isTakenAlong(count: Count, kinds: Kinds): boolean {
  return count.by === 'attachments' && count.kinds.some((holder) => isGuarded(holder, kinds));
}

function underOf({ dependsOn = [] }: Kind): Under[] {
  return dependsOn.flatMap(({ kind, by, onDelete = 'wait' }) => (by === 'key' ? [{ kind, onDelete }] : []));
}

function holdsOf({ dependsOn = [] }: Kind, kinds: Kinds): Held[] {
  return dependsOn.flatMap((one) => {
    if (one.by !== 'value') return [];
    const as = asOf(one, kinds[one.kind] as Kind);
    const isFirstOnly = one.firstOf !== undefined;
    return [{ kind: one.kind, paths: pathsOf(one), isFirstOnly, as, onDelete: one.onDelete ?? 'wait' }];
  });
}

function countsOf(name: string, parent: Kind, kinds: Kinds): Count[] {
  const under = Object.entries(kinds).flatMap(([kind, child]): Count[] => {
    if (!underOf(child).some((one) => one.kind === name)) return [];
    const query = underKey(parent, child) as UnderKey; // checked
    const { table, goneWhen } = child;
    const isFixed = partsIn(query.sort?.beginsWith ?? query.sort?.equals ?? '').length === 0;
    const isCountedTogether = isFixed && goneWhen === undefined;
    return [{ by: 'key', kind, table, ...query, ...(goneWhen !== undefined && { goneWhen }), isCountedTogether }];
  });
  const holders = Object.keys(kinds).filter((kind) =>
    (kinds[kind]?.dependsOn ?? []).some((one) => one.by === 'value' && one.kind === name),
  );
  return holders.length === 0 ? under : [...under, { by: 'attachments', kinds: holders }];
}
