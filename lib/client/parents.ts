/** Creates, changes, marks and reads services and networks: one way for both kinds. */
import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Address } from '../dynamodb/addresses.ts';
import {
  allOf,
  type Condition,
  isMarked,
  isNotMarked,
  isNotMarkedWithTime,
  isNotProtected,
  isNotThere,
  isProtected,
  isThere,
  specIsAsRead,
} from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import { setting } from '../dynamodb/expressions.ts';
import { seenItem } from '../dynamodb/items.ts';
import { listMarked } from '../dynamodb/listings.ts';
import { scanTable } from '../dynamodb/reads.ts';
import { type Action, type Item, native, StoredValue } from '../dynamodb/requests.ts';
import { parentTables } from '../dynamodb/schema.ts';
import { put, putKey, remove, TELLING, update } from '../dynamodb/writes.ts';
import { checkDeclared, checkId, checkLimit, checkOptions, invalid, shown } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { TRANSACTION_ACTIONS_MAX, UPDATE_TRIES_MAX } from '../protocol/limits.ts';
import { kindRules, type ParentKind, referredTo } from '../protocol/model.ts';
import { isoNow, newMarkedAt } from '../protocol/time.ts';
import { checkNew, checkReferences, toStored } from './checks.ts';
import { fence } from './fence.ts';
import { alreadyExists, beingDeleted, notFound, underProtection, unfit } from './refusals.ts';
import type { Declared, ListOptions, ListPage, Marking, Protection, Removal, Undeletion } from './types.ts';

type Stored = Item & Marking & { id: string; spec?: unknown };

const NO_MARK = { pendingDelete: undefined, markedAt: undefined, markedBy: undefined, markedReason: undefined };
const NO_UNDELETE = { unmarkedAt: undefined, unmarkedBy: undefined, unmarkedReason: undefined };

export class Parents<Parent extends Marking & { readonly id: string }, Spec> {
  readonly #kind: ParentKind;
  readonly #database: Database;
  readonly #requests: Database['requests'];
  readonly #at: Database['at'];

  constructor(kind: ParentKind, database: Database) {
    this.#kind = kind;
    this.#database = database;
    this.#requests = database.requests;
    this.#at = database.at;
  }

  async create(item: Stored): Promise<void> {
    const kind = this.#kind;
    checkNew(kind, item);
    const references = this.#references(item.id, item.spec);
    const done = await this.#requests.transact([
      put(this.#at.tableOf(kind), item, isNotThere(this.#address(item.id)), TELLING),
      ...references.flatMap((network) => this.#fencedAttachment(network, item.id)),
    ]);
    if (done.status === 'committed') return;
    for (const { place, found } of done.places) {
      if (place === 0) throw alreadyExists(kind, item.id, found);
      throw unfit('network', references[(place - 1) / 2] as string, found, `${kind} ${item.id} was not created`);
    }
  }

  async update(id: string, change: (spec: Spec, parent: Parent) => Spec): Promise<Parent> {
    const kind = this.#kind;
    checkId(kind, id);
    if (typeof change !== 'function') throw invalid(`change is ${shown(change)}; it must be a function`);
    for (let tries = 1; tries <= UPDATE_TRIES_MAX; tries++) {
      const stored = await this.#requests.getStored(this.#address(id));
      if (stored === undefined) throw notFound(kind, id);
      const item = native(stored) as Stored;
      if (item.pendingDelete === true) throw beingDeleted(kind, item, 'it was not updated; undelete it first');
      refuseLossy(kind, item, stored.spec);
      // Translated anew: a clone would lose numbers that JavaScript has no room for.
      const spec = change((native(stored).spec ?? {}) as Spec, item as unknown as Parent);
      const before = seenItem(this.#database.plan, { kind, id }, stored).held.map((held) => held.id);
      const after = this.#references(id, spec);
      const added = after.filter((network) => !before.includes(network));
      const removed = before.filter((network) => !after.includes(network));
      const actions = [
        this.#specUpdate(id, stored.spec, spec),
        ...added.flatMap((network) => this.#fencedAttachment(network, id)),
        ...removed.map((network) => remove(this.#at.attachment(referredTo(network), { kind, id }))),
      ];
      if (actions.length > TRANSACTION_ACTIONS_MAX) {
        throw invalid(
          `the update of ${kind} ${id} takes ${actions.length} actions, and one transaction holds ${TRANSACTION_ACTIONS_MAX}; change fewer networks at once`,
        );
      }
      const done = await this.#requests.transact(actions);
      if (done.status === 'committed') return { ...item, spec } as unknown as Parent;
      const unfitNetwork = done.places.find(({ place }) => place > 0);
      if (unfitNetwork !== undefined) {
        const { place, found } = unfitNetwork;
        throw unfit('network', added[(place - 1) / 2] as string, found, `${kind} ${id} was not updated`);
      }
    }
    throw new DeallocatorError(
      'Aborted',
      `${kind} ${id} was changed by others each of the ${UPDATE_TRIES_MAX} times that its update was tried; try again`,
    );
  }

  /**
   * Idempotent: a second mark keeps the first one's `markedAt`; a raw mark without a time gets one. Repeated after a lost
   * answer, a single write would put the same `markedAt` on again, over an undelete in between: docs/design.md §4.3 R4.
   */
  async mark(id: string, declared: Declared = {}): Promise<Removal> {
    checkId(this.#kind, id);
    checkDeclared(declared);
    const { plan, chance } = this.#database;
    const markedAt = newMarkedAt(chance);
    const markable = allOf(isThere(this.#address(id)), isNotMarkedWithTime(plan), isNotProtected(plan));
    const facts = { markedAt, markedBy: declared.by, markedReason: declared.reason };
    const found = await this.#change(id, markable, { pendingDelete: true, ...facts, ...NO_UNDELETE });
    if (found === 'done') return { id, markedAt, alreadyMarked: false };
    if (found.pendingDelete !== true) throw underProtection(this.#kind, id);
    return { id, markedAt: found.markedAt, alreadyMarked: true };
  }

  /** Repeated after a lost answer, a single write would clear a newer mark: docs/design.md §4.3 R5. */
  async unmark(id: string, declared: Declared = {}): Promise<Undeletion> {
    checkId(this.#kind, id);
    checkDeclared(declared);
    const facts = {
      unmarkedAt: isoNow(this.#database.chance),
      unmarkedBy: declared.by,
      unmarkedReason: declared.reason,
    };
    const found = await this.#change(
      id,
      isMarked(this.#database.plan),
      { ...NO_MARK, ...facts },
      'if it was marked, its deletion has been committed and cannot be undone',
    );
    return { id, wasMarked: found === 'done' };
  }

  /** What is marked can be protected too: it then stays, and goes when the protection is taken away. */
  async protect(id: string, wanted: boolean): Promise<Protection> {
    checkId(this.#kind, id);
    const { plan } = this.#database;
    const condition = wanted ? allOf(isThere(this.#address(id)), isNotProtected(plan)) : isProtected(plan);
    const found = await this.#change(id, condition, { protected: wanted ? true : undefined });
    return { id, changed: found === 'done' };
  }

  async get(id: string): Promise<Parent> {
    checkId(this.#kind, id);
    const item = await this.#requests.get(this.#address(id));
    if (item === undefined) throw notFound(this.#kind, id);
    return item as Parent;
  }

  async list(options: ListOptions = {}): Promise<ListPage<Parent>> {
    checkOptions(options);
    const table = parentTables(this.#kind).parents;
    const { items, next } = await scanTable(this.#database, table, options.from, checkLimit(options.limit));
    return { items: items as Parent[], ...(next && { next }) };
  }

  /** The ids and marks of what is marked, eventually consistent. It reads what is marked, not what exists. */
  async listMarked(options: ListOptions = {}): Promise<ListPage<{ id: string; markedAt: string }>> {
    checkOptions(options);
    const { items, next } = await listMarked(this.#database, this.#kind, options.from, checkLimit(options.limit));
    return { items: items.map(({ key, markedAt }) => ({ id: key.id, markedAt })), ...(next && { next }) };
  }

  #address(id: string): Address {
    return this.#at.item({ kind: this.#kind, id });
  }

  /**
   * Sets attributes, and removes those that are given as undefined. Returns `done`, or the item whose state forbade it;
   * `NotFound` if it is not there. A transaction, for its token: no repeat after a lost answer undoes what others did
   * meanwhile.
   */
  async #change(
    id: string,
    condition: Condition,
    attributes: Readonly<Record<string, unknown>>,
    ifAbsent?: string,
  ): Promise<'done' | Stored> {
    const done = await this.#requests.transact([update(this.#address(id), setting(attributes), condition, TELLING)]);
    if (done.status === 'committed') return 'done';
    const found = done.places[0]?.found;
    if (found === undefined) throw notFound(this.#kind, id, ifAbsent);
    return found as Stored;
  }

  #references(id: string, spec: unknown): string[] {
    return kindRules(this.#kind).refersTo === undefined ? [] : checkReferences(id, spec);
  }

  #fencedAttachment(network: string, id: string): Action[] {
    const held = referredTo(network);
    return [fence(this.#database, held), putKey(this.#at.attachment(held, { kind: this.#kind, id }))];
  }

  #specUpdate(id: string, before: AttributeValue | undefined, after: unknown): Action {
    const asRead = specIsAsRead(before && new StoredValue(before));
    const address = this.#address(id);
    const condition = allOf(isThere(address), isNotMarked(this.#database.plan), asRead);
    return update(address, setting({ spec: after }), condition);
  }
}

/** Refuses a spec that would not come back whole, rather than write it with something missing. */
function refuseLossy(kind: ParentKind, item: Stored, stored: AttributeValue | undefined): void {
  if (stored === undefined || isLossless(item.spec, stored)) return;
  throw new DeallocatorError(
    'FailedPrecondition',
    `the spec of ${kind} ${item.id} holds what the AWS SDK loses between DynamoDB and JavaScript, such as an attribute called __proto__ or constructor, or a set of small and very large numbers: it was not updated; change it without the client`,
  );
}

function isLossless(spec: unknown, stored: AttributeValue): boolean {
  try {
    return isDeepStrictEqual(toStored(spec), stored);
  } catch {
    return false; // what can't even be translated back
  }
}
