/** The items as the typed client shows them. They may carry any other attribute: the client keeps what it doesn't know. */

/** A reference to a network, as SwarmKit writes it; other attributes such as `aliases` are the caller's. */
export interface NetworkAttachmentConfig {
  readonly target: string;
  readonly [attribute: string]: unknown;
}

/** What a service is to be. The client reads its references to networks, and keeps the rest. */
export interface ServiceSpec {
  readonly task?: { readonly networks?: readonly NetworkAttachmentConfig[]; readonly [attribute: string]: unknown };
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
  /** Who marked it and why, where that was said. */
  readonly markedBy?: string;
  readonly markedReason?: string;
  /** The last undelete, until the next mark. */
  readonly unmarkedAt?: string;
  readonly unmarkedBy?: string;
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
export interface Protection {
  readonly id: string;
  /** False: it was so before, and nothing was written. */
  readonly changed: boolean;
}

/** A service as it is in its table. */
export type Service = NewService & Marking;
/** A network as it is in its table. */
export type Network = NewNetwork & Marking;
/** A task as it is in its table. */
export type Task = NewTask & { readonly serviceId: string };

/** A removal is a mark: the object itself goes later, when nothing uses it any more. */
export interface Removal {
  readonly id: string;
  readonly markedAt: string | undefined;
  /** It was marked before, and keeps that mark. */
  readonly alreadyMarked: boolean;
}

/** What an undelete has changed. */
export interface Undeletion {
  readonly id: string;
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
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly next?: PageToken;
}

export interface RemoveNetworkOptions extends Declared {
  /**
   * `refuse`: fails with `FailedPrecondition` while a service that is not marked uses it. `wait`: marks it all the same, and
   * it goes when its last service lets go of it.
   * @default 'refuse'
   */
  readonly whenInUse?: 'refuse' | 'wait';
}
