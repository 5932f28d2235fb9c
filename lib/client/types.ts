/** The items as the typed client shows them. They may carry any other attribute: the client keeps what it doesn't know. */

/** A reference to a network, as SwarmKit writes it; other attributes such as `aliases` are the caller's. */
export interface NetworkAttachmentConfig {
  /** The network's id, 1 to 2,040 bytes of UTF-8. One that is named twice counts once. */
  readonly target: string;
  readonly [attribute: string]: unknown;
}

/** What a service is to be. The client reads its references to networks, and keeps the rest. */
export interface ServiceSpec {
  /** What its tasks are made of; the client reads its networks alone. */
  readonly task?: {
    /** The networks that the service uses, at most 32. */
    readonly networks?: readonly NetworkAttachmentConfig[];
    readonly [attribute: string]: unknown;
  };
  /** The old style: counts only where `task.networks` is empty or missing. */
  readonly networks?: readonly NetworkAttachmentConfig[];
  readonly [attribute: string]: unknown;
}

/** What a network is to be. The client keeps it as it is. */
export interface NetworkSpec {
  readonly [attribute: string]: unknown;
}

/** A service as it is created; other attributes are kept. */
export interface NewService {
  /** 1 to 1,016 bytes of UTF-8. */
  readonly id: string;
  /** Refers to at most 32 networks, each of which must exist and not be marked. */
  readonly spec?: ServiceSpec;
  readonly [attribute: string]: unknown;
}

/** A network as it is created; other attributes are kept. */
export interface NewNetwork {
  /** 1 to 2,040 bytes of UTF-8. */
  readonly id: string;
  /** Kept as it is. Reports show the name and the labels in it. */
  readonly spec?: NetworkSpec;
  readonly [attribute: string]: unknown;
}

/** A task as it is created; other attributes are kept. */
export interface NewTask {
  /** 1 to 1,024 bytes of UTF-8; unique among the tasks of its service. */
  readonly id: string;
  /**
   * Networks that the task itself is attached to. They count where the deployment has the prop `taskNetworks`: at most 32,
   * each of which must exist and not be marked; the ids of service and task then have at most 1,000 bytes together.
   */
  readonly networks?: readonly NetworkAttachmentConfig[];
  readonly [attribute: string]: unknown;
}

/** What a mark adds to an item. */
export interface Marking {
  /** Only `true` is a mark. */
  readonly pendingDelete?: unknown;
  /** When it was marked, ISO 8601, and behind a `#` what makes this mark unique. */
  readonly markedAt?: string;
  /** Who marked it, where that was said. */
  readonly markedBy?: string;
  /** Why it was marked, where that was said. */
  readonly markedReason?: string;
  /** When its last mark was taken back, ISO 8601; until the next mark. */
  readonly unmarkedAt?: string;
  /** Who took it back, where that was said. */
  readonly unmarkedBy?: string;
  /** Why it was taken back, where that was said. */
  readonly unmarkedReason?: string;
  /** `true`: until that is taken away, the client does not mark it, and it is not deleted, marked or not. */
  readonly protected?: unknown;
}

/** Who wants it and why: kept on the item, and in a deletion's receipt. */
export interface Declared {
  /** 1 to 256 bytes of UTF-8. @default - not kept */
  readonly by?: string;
  /** 1 to 1,024 bytes of UTF-8. @default - not kept */
  readonly reason?: string;
}

/** What protecting an object, or ending that, has changed. */
export interface Protection<Id = string> {
  /** The object's id. */
  readonly id: Id;
  /** False: it was so before, and nothing was written. */
  readonly changed: boolean;
}

/** A service as it is in its table. */
export type Service = NewService & Marking;
/** A network as it is in its table. */
export type Network = NewNetwork & Marking;
/** A task as it is in its table. */
export type Task = NewTask & {
  /** The id of the service that it belongs to. */
  readonly serviceId: string;
};

/** What the index of marks tells of a marked object. */
export interface Marked<Id = string> {
  /** The object's id. */
  readonly id: Id;
  /** Its mark, as in {@link Marking.markedAt}. */
  readonly markedAt: string;
}

/** A removal is a mark: the object itself goes later, when nothing uses it any more. */
export interface Removal<Id = string> {
  /** The object's id. */
  readonly id: Id;
  /**
   * The mark that it has now, as in {@link Marking.markedAt}; undefined where a raw writer gave it none that tells a
   * time.
   */
  readonly markedAt: string | undefined;
  /** It was marked before, and keeps that mark. */
  readonly alreadyMarked: boolean;
}

/** What an undelete has changed. */
export interface Undeletion<Id = string> {
  /** The object's id. */
  readonly id: Id;
  /** False: it was not marked, and nothing was written. */
  readonly wasMarked: boolean;
}

/** Which page of a list. */
export interface ListOptions {
  /** Items in a page: 1 to 1,000. @default 100 */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly from?: PageToken;
}

/** Where a list goes on: hand it back as it came. */
export type PageToken = Readonly<Record<string, string>>;

/** A page of a list. */
export interface ListPage<T> {
  /** At most `limit` of them. Fewer do not mean that it is the last page. */
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly next?: PageToken;
}

/** How an object is marked. */
export interface RemoveOptions extends Declared {
  /**
   * Of what others restrict (`onDelete: 'restrict'`). `refuse`: fails with `FailedPrecondition` while one of them that is not marked
   * uses it. `wait`: marks it all the same, and it goes when the last of them lets go of it.
   * @default 'refuse'
   */
  readonly whenInUse?: 'refuse' | 'wait';
}

/** How a network is marked. */
export type RemoveNetworkOptions = RemoveOptions;
