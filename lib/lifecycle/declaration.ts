/**
 * A lifecycle: which kinds of items there are, where they lie, and which must outlive which. It is data all through, so that
 * construct, functions, client and command line read the same, and permissions and filters follow from it.
 */

/** Text with `${part}` for each part of an id: `bp#${blueprint}`. A part has one name in the whole lifecycle. */
export type Template = string;

/** Names with dots between, and `[]` behind what is a list: `spec.task.networks[].target`. */
export type Path = string;

/** The attributes that are written to your items. */
export const OUR_ATTRIBUTES = [
  'pendingDelete',
  'markedAt',
  'markedBy',
  'markedReason',
  'protected',
  'unmarkedAt',
  'unmarkedBy',
  'unmarkedReason',
] as const;
/** One of them, by its name in the deallocator. */
export type OurAttribute = (typeof OUR_ATTRIBUTES)[number];

/** All that is declared. {@link defineLifecycle} checks it. */
export interface Lifecycle<Name extends string = string> {
  /** The kinds by their names: 1 to 32 letters and digits that begin with a small letter. */
  readonly kinds: Readonly<Record<Name, Kind<Name>>>;
  /**
   * Other names for the attributes that are written to your items, where yours mean something else.
   * @default - each has its own name
   */
  readonly attributes?: Readonly<Partial<Record<OurAttribute, string>>>;
}

/** What items of one kind have in common. A kind that another depends on is *guarded*: it is deleted by a mark only. */
export interface Kind<Name extends string = string> {
  /** Its table's name here, such as `services`. */
  readonly table: string;
  /** The table's key, partition key first: `{ serviceId: '${service}', id: '${task}' }`. All are texts. */
  readonly key: Readonly<Record<string, Template>>;
  /**
   * What must outlive an item of this kind, as in Terraform: what depends on another goes first.
   * @default - nothing
   */
  readonly dependsOn?: readonly Dependency<Name>[];
  /**
   * When an item keeps nothing any more, though it is still there: the text at a path, which may not lead through a list.
   * @default - once it is deleted
   */
  readonly goneWhen?: {
    /** The path of the text. */
    readonly at: Path;
    /** Each of these: the item keeps nothing. */
    readonly isOneOf: readonly string[];
  };
}

/** One thing that must outlive an item, and how the item says so. */
export type Dependency<Name extends string = string> = DependencyByKey<Name> | DependencyByValue<Name>;

/** Its key begins with the other's: a strongly consistent query finds all that depend on one. */
export interface DependencyByKey<Name extends string = string> {
  /** The kind of the other. */
  readonly kind: Name;
  /** By its key. */
  readonly by: 'key';
  /** @default 'wait' */
  readonly onDelete?: OnDelete;
}

/** An attribute of its item names the others. An attachment is kept for each, under the other's name. */
export type DependencyByValue<Name extends string = string> = {
  /** The kind of the others. */
  readonly kind: Name;
  /** By values. */
  readonly by: 'value';
  /**
   * How a value names the other. Parts that it does not name are those of the item's own key.
   * @default - the last part of the other's key: '${network}'
   */
  readonly as?: Template;
  /** @default 'wait' */
  readonly onDelete?: Exclude<OnDelete, object>;
} & (
  | {
      /** Where the values are: all of them count. */
      readonly at: Path | readonly Path[];
      /** Not beside `at`. */
      readonly firstOf?: undefined;
    }
  | {
      /** Only the first path counts at which anything is. */
      readonly firstOf: readonly Path[];
      /** Not beside `firstOf`. */
      readonly at?: undefined;
    }
);

/**
 * What becomes of the item when the other is to be removed. `wait`: nothing, the other goes after it. `restrict`: the other can't
 * be marked while this one is there and not marked itself. `set`: these attributes are written to the item, for the program
 * that runs it and will remove it.
 */
export type OnDelete =
  | 'wait'
  | 'restrict'
  | {
      /** The texts, by the attributes that they are written to. */
      readonly set: Readonly<Record<string, string>>;
    };

/** The names of a lifecycle's kinds. */
export type KindOf<L extends Lifecycle> = Extract<keyof L['kinds'], string>;

type PartsIn<T> = T extends `${string}\${${infer Part}}${infer Rest}` ? Part | PartsIn<Rest> : never;
type PartsOf<K extends Kind> = { [Attribute in keyof K['key']]: PartsIn<K['key'][Attribute]> }[keyof K['key']];
type IsOne<T, Each = T> = [T] extends [never]
  ? false
  : Each extends unknown
    ? [T] extends [Each]
      ? true
      : false
    : never;

/** The id of an item: a text if it has one part, else all parts by their names. */
export type IdOf<L extends Lifecycle, N extends keyof L['kinds']> =
  IsOne<PartsOf<L['kinds'][N]>> extends true ? string : Readonly<Record<PartsOf<L['kinds'][N]>, string>>;
