/**
 * What the protocol asks of a store. Every method is one request (or one page of requests) that is atomic by itself;
 * anything may happen between two of them. A method that can't find out what it was asked throws: no proof, no delete.
 *
 * Two stores implement it, and one contract suite holds both to the same sentences: `lib/dynamodb` on DynamoDB, and the
 * memory store of the tests.
 */
import type { Counter, MarkedParent, Parent, ParentKey, ParentKind, User, UserKey } from './model.ts';
import type { Page, PageKey } from './pages.ts';
import type { Receipt } from './receipt.ts';

/** What a delete of a counter found: done, no counter there, or one of another epoch. */
export type Closed = 'done' | 'gone' | 'other epoch';

export type Recounted =
  | { readonly status: 'done'; readonly counter: Counter }
  /** The epoch had changed; `found` is the counter that is there now, if any. */
  | { readonly status: 'failed'; readonly found: Counter | undefined };

/** `cancelled`: a condition was false, nothing was written. Conflicts are tried again inside the store. */
export type Transacted = 'committed' | 'cancelled';

/** The one transaction that deletes. */
export interface Finalization {
  readonly parent: MarkedParent;
  /** The parents referred to whose attachment goes with this transaction. */
  readonly detached: readonly ParentKey[];
  /** Those of them that go too: marked, and used by nobody else. */
  readonly freed: readonly MarkedParent[];
  readonly receipt: Receipt;
}

/** What became of a transaction that tells tasks to stop. `refused`: nothing was written, for those tasks' sake. */
export type Stopped =
  | { readonly status: 'committed' }
  | { readonly status: 'not marked' }
  | { readonly status: 'refused'; readonly unfit: readonly string[] };

/** Attachments of one user to put or delete, on condition that the user is still as read. */
export interface Healing {
  readonly user: UserKey;
  readonly asRead: User | undefined;
  readonly put: readonly string[];
  readonly remove: readonly string[];
}

export interface Listed {
  readonly key: ParentKey;
  /** Undefined where a counter was listed. */
  readonly markedAt: string | undefined;
  /** A listing from here starts with the next one. */
  readonly at: PageKey;
}

/** What a sweep lists, in this order: marked services, marked networks, counters. */
export const SWEEP_SOURCES = ['service', 'network', 'counter'] as const;
/** A full sweep first looks through the tables for marks that no index knows, since they were written without a time. */
export const FULL_SWEEP_SOURCES = ['unstamped service', 'unstamped network', ...SWEEP_SOURCES] as const;

export type SweepSource = (typeof FULL_SWEEP_SOURCES)[number];

export interface SweepCursor {
  readonly source: SweepSource;
  readonly from: PageKey | undefined;
}

export interface Store {
  /** The {@link parentName}s of those that have a counter. Strongly consistent. The parents must differ. */
  findDraining(parents: readonly ParentKey[]): Promise<Set<string>>;
  /** Step 1: a strongly consistent read, or the creation of `{remaining: 0, epoch, openedAt}` if there is none. */
  openCounter(parent: ParentKey, fresh: { readonly epoch: string; readonly openedAt: string }): Promise<Counter>;
  /**
   * `remaining -= by`, only if the counter exists; its new value, or undefined if there is none. It keeps the time (ISO 8601) for
   * whoever asks how a drain goes on; no decision rests on that.
   */
  decrement(parent: ParentKey, by: number, progressedAt: string): Promise<Counter | undefined>;
  /** Step 2: strongly consistent. */
  readParent(parent: ParentKey): Promise<Parent | undefined>;
  /** Gives a mark that was written without `markedAt` one, if it is still such a mark. */
  stampMark(parent: ParentKey, markedAt: string): Promise<void>;
  /** Takes a `markedAt` away that outlived its mark, if it is still that one and still without a mark. */
  unstampMark(parent: ParentKey, markedAt: string): Promise<void>;
  /** Step 2, parent gone or not marked: deletes the counter if its epoch is the one that step 1 saw. */
  closeCounter(parent: ParentKey, epoch: string): Promise<Closed>;
  /** Step 3: the number of children that are not gone, up to `most`; 0 only if there is none. Strongly consistent. */
  countChildren(parent: ParentKey, most: number): Promise<number>;
  /** Step 4: `remaining += add` and a fresh epoch, if the epoch is still `epoch`. */
  recount(parent: ParentKey, epoch: string, add: number, fresh: string): Promise<Recounted>;
  /** The attachment names of a network's users, up to `most`: a service's is its id. Strongly consistent. */
  listAttached(network: ParentKey, most: number): Promise<string[]>;
  /** Step 5. */
  finalize(finalization: Finalization): Promise<Transacted>;
  /** A service, or a task where these hold networks too. Strongly consistent. */
  readUser(user: UserKey): Promise<User | undefined>;
  /** Which of the named networks have an attachment of this user. Strongly consistent. */
  readAttachments(user: UserKey, networks: readonly string[]): Promise<Set<string>>;
  heal(healing: Healing): Promise<Transacted>;
  /** Ids of a service's tasks that nobody has told to stop, and that are not gone. Strongly consistent. */
  listUnstopped(service: ParentKey, from: PageKey | undefined): Promise<Page<string>>;
  /** Tells tasks to stop, on condition that the service is still under the very mark that was read. */
  stopTasks(service: MarkedParent, ids: readonly string[]): Promise<Stopped>;
  /** The sweep's reading: parents with a `markedAt`, from the sparse index (eventually consistent). */
  listMarked(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>>;
  /** The full sweep's reading: parents that are marked without a time; costs a read of the whole table. */
  listUnstamped(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>>;
  /** The sweep's reading: the parents of all counters. */
  listCounters(from: PageKey | undefined): Promise<Page<Listed>>;
  /** Where an unfinished sweep stopped. */
  readSweepCursor(): Promise<SweepCursor | undefined>;
  writeSweepCursor(cursor: SweepCursor | undefined): Promise<void>;
}
