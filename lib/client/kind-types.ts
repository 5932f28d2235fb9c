/** What the compiler knows of the items of a lifecycle. */
import type { IdOf, KindOf, Lifecycle } from '../lifecycle/declaration.ts';
import type { SWARMKIT } from '../lifecycle/swarmkit.ts';
import type { ListOptions } from './types.ts';

/** Services, tasks and networks. */
export type Swarmkit = typeof SWARMKIT;

type DependedOn<K> = K extends { readonly dependsOn?: readonly (infer D)[] }
  ? D extends { readonly kind: infer N }
    ? N
    : never
  : never;

/** The kinds that others depend on: they are removed by a mark. */
export type GuardedKindOf<L extends Lifecycle> = Extract<
  { [N in KindOf<L>]: DependedOn<L['kinds'][N]> }[KindOf<L>],
  KindOf<L>
>;

/** The kinds that nothing depends on: they are deleted plainly. */
export type LeafKindOf<L extends Lifecycle> = string extends KindOf<L> ? string : Exclude<KindOf<L>, GuardedKindOf<L>>;

/** The key attributes of a kind's items. */
export type KeyOf<L extends Lifecycle, N extends KindOf<L>> = string extends keyof L['kinds'][N]['key']
  ? Readonly<Record<string, unknown>>
  : Readonly<Record<Extract<keyof L['kinds'][N]['key'], string>, string>>;

/** An item as it is in its table: its key, and whatever attributes it has. */
export type ItemOf<L extends Lifecycle, N extends KindOf<L>> = KeyOf<L, N> & { readonly [attribute: string]: unknown };

/** New items of several kinds, by the names that the lifecycle gives their tables. */
export type NewItems<L extends Lifecycle> = {
  // An interface of the caller's has no index signature, and a literal needs one.
  readonly [N in KindOf<L> as L['kinds'][N]['table']]?: readonly (KeyOf<L, N> | ItemOf<L, N>)[];
};

/** Which items to list. */
export type ListUnderOptions<L extends Lifecycle> = ListOptions & {
  /** Only those whose key lies under this one's. @default - all of the kind */
  readonly under?: { readonly [N in KindOf<L>]: KindAndId<L, N> }[KindOf<L>];
};

/** One item, by its kind and id. */
export interface KindAndId<L extends Lifecycle, N extends KindOf<L>> {
  /** Its kind. */
  readonly kind: N;
  /** Its id: a text, or its parts by their names. */
  readonly id: IdOf<L, N>;
}
