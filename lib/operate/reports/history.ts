/** What was deleted, from the receipt that each deletion leaves. */

import { listReceipts, scanTable } from '../../dynamodb/reads.ts';
import type { Item } from '../../dynamodb/requests.ts';
import { type Id, idOf, parseItemName } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { checkLimit } from '../../protocol/arguments.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { eachPage, type Page, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { checkKind, keysCalled, planned } from '../names.ts';
import { isMap } from '../values.ts';
import type { Cluster } from './cluster.ts';

/** Deletions that are shown by default. */
export const HISTORY_DELETIONS_DEFAULT = 100;
/** Deletions that are shown at most. */
export const HISTORY_DELETIONS_MAX = 10_000;
/** Pages (of 1 MB) of receipts that are read for one answer: some hundred thousand deletions. */
const HISTORY_PAGES_MAX = 100;

/** Which deletions to tell of. */
export interface HistoryOptions {
  /** Only deletions of this id, of every kind unless `kind` is given. @default all */
  readonly id?: Id | undefined;
  /** Where no receipt has that id: deletions of objects that people called so, whatever their ids were. @default none */
  readonly name?: string | undefined;
  /** Only deletions of this kind. @default all */
  readonly kind?: string | undefined;
  /** Deletions that are shown, 1 to 10,000. @default 100 */
  readonly limit?: number | undefined;
}

/** One life of an id, and its end. */
export interface Deletion {
  /** Its kind. */
  readonly kind: string;
  /** Its id: a text; where it has several parts, these by their names. */
  readonly id: Id;
  /** Such as `service#web`. An id that was used again has several deletions, which `markedAt` tells apart. */
  readonly object: string;
  /** What people called it, where its spec had a name. */
  readonly name?: string;
  /** The mark under which it went: when that was made, ISO 8601, and behind a `#` what makes it unique. */
  readonly markedAt: string;
  /** Who marked it, where that was said. */
  readonly markedBy?: string;
  /** Why it was marked, where that was said. */
  readonly markedReason?: string;
  /** When it went, ISO 8601. */
  readonly deletedAt: string;
  /** What caused the deletion: a function's name, and for a sweep what had asked for it. */
  readonly trigger: string;
  /** For what went in the transaction of what held it, as a network of a service: that one's name. */
  readonly wentWith?: string;
  /** Names of what it held and what went with it, as the networks of a service. */
  readonly freed: readonly string[];
  /** Names of what it held and what stayed. */
  readonly kept: readonly string[];
}

/** Deletions, and how much of them was read. */
export interface History {
  /** Newest first. */
  readonly deletions: readonly Deletion[];
  /** Older deletions that were read and are not shown. */
  readonly more: number;
  /** False: not all receipts were read, and newer deletions may be among the others. */
  readonly isWhole: boolean;
  /**
   * Where an id was asked for: an object of that id is there now; or a receipt tells that it is gone; or neither, so that it never
   * was, or was deleted too long ago, or not by the deallocator.
   */
  readonly whereabouts?: 'there' | 'gone' | 'not there';
}

/**
 * Receipts expire, by default after 90 days. Of most kinds they are found by name. What went along with another, as a network with
 * a service, is in that one's receipt alone: so the history of a kind that may go along, or of everything, reads the whole table.
 */
export async function readHistory(cluster: Cluster, options: HistoryOptions = {}): Promise<History> {
  const { id, kind, name } = options;
  if (kind !== undefined) checkKind(cluster.plan, kind);
  const keys = id === undefined ? undefined : keysCalled(cluster.plan, id, kind);
  const limit = checkLimit(options.limit ?? HISTORY_DELETIONS_DEFAULT, HISTORY_DELETIONS_MAX);
  const found = await readOf(cluster, keys, kind, limit);
  if (keys === undefined || name === undefined || found.deletions.length > 0) return found;
  const newest = new Newest(limit);
  const isCalled = (deletion: Deletion) => deletion.name === name && (kind === undefined || deletion.kind === kind);
  const isWhole = await scan(cluster, newest, isCalled);
  const deletions = newest.all();
  if (deletions.length === 0) return { ...found, isWhole: found.isWhole && isWhole };
  const whereabouts = found.whereabouts === 'there' ? 'there' : 'gone';
  return { deletions, more: newest.more(), isWhole, whereabouts };
}

/** @param keys of one id, by kinds; undefined: everything is asked for */
async function readOf(
  cluster: Cluster,
  keys: readonly ItemKey[] | undefined,
  kind: string | undefined,
  limit: number,
): Promise<History> {
  const { plan } = cluster;
  const asked = keys && new Set(keys.map(itemName));
  const isWanted = (deletion: Deletion) =>
    (asked === undefined || asked.has(deletion.object)) && (kind === undefined || deletion.kind === kind);
  const newest = new Newest(limit);
  // Each kind is taken from one of the two, so that none is counted twice.
  const own = (keys ?? []).filter((key) => !planned(plan, key.kind).goesAlong);
  const isLeft = (deletion: Deletion) => isWanted(deletion) && !own.some((key) => key.kind === deletion.kind);
  let isWhole = true;
  for (const key of own) {
    isWhole = (await query(cluster, key, newest, ({ object }) => object === itemName(key))) && isWhole;
  }
  if (keys === undefined || own.length < keys.length) isWhole = (await scan(cluster, newest, isLeft)) && isWhole;
  const deletions = newest.all();
  const isThere = keys !== undefined && (await isOneThere(cluster, keys));
  return {
    deletions,
    more: newest.more(),
    isWhole,
    ...(keys !== undefined && { whereabouts: isThere ? 'there' : deletions.length > 0 ? 'gone' : 'not there' }),
  };
}

async function isOneThere(cluster: Cluster, keys: readonly ItemKey[]): Promise<boolean> {
  const parents = await mapInParallel(keys, NETWORKS_IN_PARALLEL, (key) => cluster.readParent(key));
  return parents.some((parent) => parent !== undefined);
}

/** Whether a deletion of the object's own has ended its life under this very mark. Strongly consistent. */
export async function hasReceipt(cluster: Cluster, key: ItemKey, markedAt: string): Promise<boolean> {
  const { requests, at } = cluster.database;
  return (await requests.get(at.receipt(key, markedAt))) !== undefined;
}

/** What receipts tell of objects. */
export interface Deleted {
  /** The newest deletion of each of which a receipt tells, by `service#…` as it was asked for. */
  readonly deletions: ReadonlyMap<string, Deletion>;
  /** False: not all receipts were read, and one of the others may tell of what is not among these. */
  readonly isWhole: boolean;
}

/**
 * An object that is not there and not among the deletions never was, or its receipts have expired, or it was deleted past the
 * deallocator; or not all receipts were read. For what may go along with
 * another, as a network with a service, and for names, the whole table is read, once for all of them.
 */
export async function findDeleted(
  cluster: Cluster,
  keys: readonly ItemKey[],
  {
    alsoByName = false,
  }: {
    /** Where no receipt has an id, it may be what people called an object. @default false */
    readonly alsoByName?: boolean;
  } = {},
): Promise<Deleted> {
  const { plan } = cluster;
  const own = await mapInParallel(keys, NETWORKS_IN_PARALLEL, async (key) => {
    const { items } = await listReceipts(cluster.database, itemName(key));
    const [newest] = items

      .flatMap((receipt) => deletionsOf(plan, receipt))
      .filter(({ object }) => object === itemName(key))
      .sort(newestFirst);
    return newest;
  });
  const byId = new Map(own.flatMap((deletion) => (deletion === undefined ? [] : [[deletion.object, deletion]])));
  const left = new Set(
    keys.filter(({ kind }, n) => !own[n] && (alsoByName || planned(plan, kind).goesAlong)).map(itemName),
  );
  if (left.size === 0) return { deletions: byId, isWhole: true };
  const called = new Map<string, Deletion>();
  const take = (deletion: Deletion) => {
    const { kind, name, object } = deletion;
    const found = left.has(object) ? byId : called;
    const asked = found === byId || !alsoByName || name === undefined ? object : itemName({ kind, id: name });
    const known = found.get(asked);
    if (left.has(asked) && (known === undefined || newestFirst(deletion, known) < 0)) found.set(asked, deletion);
  };
  const isWhole = await scan(cluster, { take }, () => true);
  return { deletions: new Map([...called, ...byId]), isWhole };
}

interface Taker {
  take(deletion: Deletion): void;
}

/** The newest of all that it is given, and the number of the others: no more than twice as many are held. */
class Newest implements Taker {
  readonly #max: number;
  #held: Deletion[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  take(deletion: Deletion): void {
    this.#taken++;
    this.#held.push(deletion);
    if (this.#held.length > 2 * this.#max) this.#held = this.all();
  }

  all(): Deletion[] {
    return this.#held.sort(newestFirst).slice(0, this.#max);
  }

  more(): number {
    return Math.max(0, this.#taken - this.#max);
  }
}

/** Whether all were read. */
function query(cluster: Cluster, key: ItemKey, taker: Taker, isWanted: (deletion: Deletion) => boolean) {
  return takeAll(cluster.plan, (from) => listReceipts(cluster.database, itemName(key), from), taker, isWanted);
}

function scan(cluster: Cluster, taker: Taker, isWanted: (deletion: Deletion) => boolean) {
  return takeAll(cluster.plan, (from) => scanTable(cluster.database, 'receipts', from), taker, isWanted);
}

async function takeAll(
  plan: Plan,
  list: (from: PageKey | undefined) => Promise<Page<Item>>,
  taker: Taker,
  isWanted: (deletion: Deletion) => boolean,
): Promise<boolean> {
  let left: PageKey | undefined;
  for await (const { items, next } of eachPage(list, { pagesMax: HISTORY_PAGES_MAX })) {
    const deletions = items.flatMap((receipt) => deletionsOf(plan, receipt));
    for (const deletion of deletions.filter(isWanted)) taker.take(deletion);
    left = next;
  }
  return left === undefined;
}

/** The deletion of the receipt's own object, and those of what went along. An item of another shape is passed over. */
export function deletionsOf(plan: Plan, receipt: Item): Deletion[] {
  const key = guardedNamed(plan, receipt.id);
  const { deletedAt, trigger, freed = [], kept = [] } = receipt;
  if (key === undefined || typeof deletedAt !== 'string' || typeof trigger !== 'string') return [];
  if (!Array.isArray(freed) || !freed.every(isFreed) || !Array.isArray(kept) || !kept.every(isText)) return [];
  return [
    {
      ...endOf(plan, key, receipt as typeof receipt & { markedAt: string }),
      deletedAt,
      trigger,
      freed: freed.map(({ id }) => id),
      kept,
    },
    ...freed.flatMap((one) => {
      const freedKey = guardedNamed(plan, one.id);
      const along = { deletedAt, trigger, wentWith: receipt.id, freed: [], kept: [] };
      return freedKey === undefined ? [] : [{ ...endOf(plan, freedKey, one), ...along }];
    }),
  ];
}

function guardedNamed(plan: Plan, name: unknown): ItemKey | undefined {
  const key = typeof name === 'string' ? parseItemName(plan, name) : undefined;
  return key !== undefined && planned(plan, key.kind).isGuarded ? key : undefined;
}

function isFreed(value: unknown): value is Mark & { readonly id: string } {
  return isMap(value) && isText(value.id) && isText(value.markedAt);
}

const isText = (value: unknown): value is string => typeof value === 'string';

interface Mark {
  readonly name?: string;
  readonly markedAt: string;
  readonly markedBy?: string;
  readonly markedReason?: string;
}

function endOf(plan: Plan, key: ItemKey, { name, markedAt, markedBy, markedReason }: Mark) {
  return {
    kind: key.kind,
    id: idOf(plan, key),
    object: itemName(key),
    ...(isText(name) && { name }),
    markedAt,
    ...(markedBy !== undefined && { markedBy }),
    ...(markedReason !== undefined && { markedReason }),
  };
}

function newestFirst(a: Deletion, b: Deletion): number {
  if (a.deletedAt !== b.deletedAt) return a.deletedAt > b.deletedAt ? -1 : 1;
  return a.object < b.object ? -1 : 1;
}
