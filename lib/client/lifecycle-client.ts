/** The typed write side of any lifecycle. All of its writes keep the fence, so the deallocator's promises hold in full. */
import type { Database } from '../dynamodb/database.ts';
import type { IdOf, KindOf, Lifecycle } from '../lifecycle/declaration.ts';
import { checkList, checkOptions, invalid, shown } from '../protocol/arguments.ts';
import { updateItem } from './changes.ts';
import { checkedKey, guardedKind, leafKind, plannedKind } from './ids.ts';
import { refuseIfInUse } from './in-use.ts';
import type { GuardedKindOf, ItemOf, KeyOf, LeafKindOf, ListUnderOptions, NewItems } from './kind-types.ts';
import { deleteItems, getItem, listItems, listMarkedItems, listUnder, parentGiven } from './lists.ts';
import { mark, protect, unmark } from './marks.ts';
import { createItem, createTogether, newItem, newItemOf } from './new-items.ts';
import {
  fenceParts,
  type HoldOptions,
  holdParts,
  inForm,
  type PartForm,
  type PartOptions,
  releaseParts,
  type TransactionPart,
} from './parts.ts';
import type {
  Declared,
  ListOptions,
  ListPage,
  Marked,
  Protection,
  Removal,
  RemoveOptions,
  Undeletion,
} from './types.ts';

/**
 * Creates, changes, marks and reads items of the kinds that a lifecycle declares. It deletes nothing but leaves, the kinds that nothing
 * depends on: all others are *guarded*, where a removal is a mark, and the deallocator deletes what is marked when nothing uses it any more.
 *
 * Every method fails with a `DeallocatorError` whose `code` says who must act. An id is a text where the kind's key has one part, else an
 * object of its parts. After a conflict, throttling or a lost answer the client itself tries again, up to 8 times in all.
 *
 * ```ts
 * const client = new DeallocatorClient({ lifecycle: LIBRARY, tables });
 * await client.create('shelf', { id: 'a1' });
 * await client.create('book', { isbn: '978', shelfId: 'a1' });
 * await client.remove('shelf', 'a1', { whenInUse: 'wait' }); // marked; it goes with its last book
 * await client.delete('book', ['978']);
 * ```
 */
export class LifecycleClient<L extends Lifecycle> {
  readonly #database: Database;

  protected constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Puts an item, together with the attachments of what it holds: an item that has its key attributes; or an id, of which these are
   * made, and an item that has the others. `AlreadyExists` if its id is taken; `NotFound` or `FailedPrecondition` if something that it
   * depends on is not there, or is marked.
   */
  async create<N extends KindOf<L>, I extends KeyOf<L, N>>(
    kind: N,
    ...given: [item: I] | [id: IdOf<L, N>, item: object]
  ): Promise<void> {
    const { plan } = this.#database;
    plannedKind(plan, kind);
    const [idOrItem, item] = given;
    if (item === undefined && typeof idOrItem === 'string') {
      throw invalid(
        `the id ${shown(idOrItem)} is given alone; give an object of the other attributes behind it, perhaps {}`,
      );
    }
    const created = item === undefined ? newItem(plan, kind, idOrItem) : newItemOf(plan, kind, idOrItem, item);
    await createItem(this.#database, created);
  }

  /**
   * Creates items of all kinds in one transaction, all or nothing, each on the same conditions as alone; they may depend on each other.
   * Lists by the names that the lifecycle gives the tables: `{ shelves: [{ id: 'a1' }], books: […] }`. A transaction holds 100
   * actions: one for each item and for each thing that it holds, and one for each thing that is depended on and not created with them.
   */
  createTogether(objects: NewItems<L>): Promise<void> {
    return createTogether(this.#database, objects);
  }

  /**
   * Changes an item, and its attachments with it, if what is changed, and what says what it holds, is still as it was read. `change`
   * gets an item of its own and gives the item as it is to be: attributes that it leaves out are removed. It is called again if others
   * were faster, up to 5 times (then `Aborted`). What is held anew must be there and not be marked. `FailedPrecondition` once the item
   * is marked. Key and mark can't be changed.
   */
  async update<N extends KindOf<L>>(
    kind: N,
    id: IdOf<L, N>,
    change: (item: ItemOf<L, N>) => object,
  ): Promise<ItemOf<L, N>> {
    const key = checkedKey(this.#database.plan, kind, id);
    return (await updateItem(this.#database, key, change as (item: object) => object)) as ItemOf<L, N>;
  }

  /**
   * Marks an item: it goes when nothing uses it any more, and from now on lets nothing new depend on it. `FailedPrecondition` if it is
   * protected; and, unless it is told to wait, while something uses it that is not marked and whose dependency says `restrict`: its
   * `blockers` name that. Idempotent: a second call keeps the first mark, with who made it and why.
   */
  async remove<N extends GuardedKindOf<L>>(
    kind: N,
    id: IdOf<L, N>,
    options: RemoveOptions = {},
  ): Promise<Removal<IdOf<L, N>>> {
    checkOptions(options);
    const { plan } = this.#database;
    const { restrictedBy } = guardedKind(plan, kind);
    const key = checkedKey(plan, kind, id);
    if (restrictedBy.length > 0 && options.whenInUse !== 'wait') {
      const item = await getItem(this.#database, key);
      if (item[plan.attributes.pendingDelete] !== true) await refuseIfInUse(this.#database, key);
    }
    return { id, ...(await mark(this.#database, key, options)) };
  }

  /** Takes the mark back, until the deletion commits; after that it fails with `NotFound`. Idempotent. */
  async undelete<N extends GuardedKindOf<L>>(
    kind: N,
    id: IdOf<L, N>,
    declared: Declared = {},
  ): Promise<Undeletion<IdOf<L, N>>> {
    guardedKind(this.#database.plan, kind);
    return { id, ...(await unmark(this.#database, checkedKey(this.#database.plan, kind, id), declared)) };
  }

  /**
   * From now on the client does not mark it, and it is not deleted even if it is marked. It goes after {@link unprotect}, if it is
   * marked then. Idempotent.
   */
  async protect<N extends GuardedKindOf<L>>(kind: N, id: IdOf<L, N>): Promise<Protection<IdOf<L, N>>> {
    guardedKind(this.#database.plan, kind);
    return { id, ...(await protect(this.#database, checkedKey(this.#database.plan, kind, id), true)) };
  }

  /** Ends {@link protect}. An item that is marked then goes as soon as nothing uses it. Idempotent. */
  async unprotect<N extends GuardedKindOf<L>>(kind: N, id: IdOf<L, N>): Promise<Protection<IdOf<L, N>>> {
    guardedKind(this.#database.plan, kind);
    return { id, ...(await protect(this.#database, checkedKey(this.#database.plan, kind, id), false)) };
  }

  /** Strongly consistent. `NotFound` if it is not there. */
  async get<N extends KindOf<L>>(kind: N, id: IdOf<L, N>): Promise<ItemOf<L, N>> {
    return (await getItem(this.#database, checkedKey(this.#database.plan, kind, id))) as ItemOf<L, N>;
  }

  /** Reads all items of a kind, or those under one item's key, page by page, in no order that is promised. */
  async list<N extends KindOf<L>>(kind: N, options: ListUnderOptions<L> = {}): Promise<ListPage<ItemOf<L, N>>> {
    checkOptions(options);
    plannedKind(this.#database.plan, kind);
    const page =
      options.under === undefined
        ? await listItems(this.#database, kind, options)
        : await listUnder(this.#database, kind, parentGiven(this.#database, options.under), options);
    return page as ListPage<ItemOf<L, N>>;
  }

  /** The ids and marks of the items that are marked; may be some moments behind. */
  async listMarked<N extends GuardedKindOf<L>>(
    kind: N,
    options: ListOptions = {},
  ): Promise<ListPage<Marked<IdOf<L, N>>>> {
    guardedKind(this.#database.plan, kind);
    return (await listMarkedItems(this.#database, kind, options)) as ListPage<Marked<IdOf<L, N>>>;
  }

  /**
   * Deletes leaves, plainly; what is not there counts as deleted. What they held is let go a moment later, by the functions. On failure
   * the error's `done` names those that surely are deleted.
   */
  async delete<N extends LeafKindOf<L>>(kind: N, ids: readonly IdOf<L, N & KindOf<L>>[]): Promise<void> {
    const { plan } = this.#database;
    const { plural } = leafKind(plan, kind).words;
    checkList('ids', ids);
    const keys = ids.map((id) => checkedKey(plan, kind, id));
    await deleteItems(this.#database, kind, keys, { what: plural, nameOf: (key) => key.id });
  }

  /**
   * The fence, for a transaction of your own: it fails unless the item is there and not marked. Put it into each transaction that
   * creates something that depends on it and is not created by {@link hold}.
   */
  fence<N extends GuardedKindOf<L>, F extends PartForm = 'document'>(
    kind: N,
    id: IdOf<L, N>,
    options: PartOptions<F> = {},
  ): TransactionPart<F>[] {
    return inForm(fenceParts(this.#database, kind, id), options);
  }

  /**
   * What a transaction of your own must have beside the put of this item: the fence of each thing that it depends on, and an attachment
   * for each that it holds. Where it changes an item that is there, give that in `before`: what was held then and is held no more is let
   * go, and only what is new is fenced. A transaction has room for 100 actions: your put, one for each thing that the item lies under, two
   * for each that it holds. The item's own condition is yours: that it is not there, or is as you have read it and not marked.
   */
  hold<N extends KindOf<L>, I extends KeyOf<L, N>, F extends PartForm = 'document'>(
    kind: N,
    item: I,
    options: HoldOptions<F> = {},
  ): TransactionPart<F>[] {
    checkOptions(options);
    return inForm(holdParts(this.#database, kind, item, options.before), options);
  }

  /**
   * What lets go of all that a leaf holds, for the transaction of yours that deletes it, or puts an end to it (`goneWhen`). Without it the
   * functions do it a moment later. `item` as it was read.
   */
  release<N extends LeafKindOf<L>, F extends PartForm = 'document'>(
    kind: N,
    item: object,
    options: PartOptions<F> = {},
  ): TransactionPart<F>[] {
    return inForm(releaseParts(this.#database, kind, item), options);
  }
}
