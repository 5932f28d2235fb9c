/** What was deleted, from the receipt that each deletion leaves. */

import { listReceipts, scanTable } from '../../dynamodb/reads.ts';
import type { Item } from '../../dynamodb/requests.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { checkId, checkLimit, checkParentKind } from '../../protocol/arguments.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { isId, KINDS, type ParentKind, parseParentName } from '../../protocol/model.ts';
import { eachPage, type Page, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
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
  /** Only deletions of this id, of both kinds unless `kind` is given. @default all */
  readonly id?: string | undefined;
  /** Where no receipt has that id: deletions of objects that people called so, whatever their ids were. @default none */
  readonly name?: string | undefined;
  /** Only deletions of this kind. @default all */
  readonly kind?: ParentKind | undefined;
  /** Deletions that are shown, 1 to 10,000. @default 100 */
  readonly limit?: number | undefined;
}

/** One life of an id, and its end. */
export interface Deletion {
  /** Its kind. */
  readonly kind: ParentKind;
  /** Its id. */
  readonly id: string;
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
  /** For a network that went in a service's transaction: that service's name. */
  readonly wentWith?: string;
  /** For a service: names of the networks that went with it. */
  readonly freed: readonly string[];
  /** For a service: names of the networks that it used and that stayed. */
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
 * Receipts expire, by default after 90 days. A service's receipts are found by its name. A network that went with a service is
 * in that service's receipt alone, so the history of a network, or of everything, reads the whole table.
 */
export async function readHistory(cluster: Cluster, options: HistoryOptions = {}): Promise<History> {
  const { id, kind, name } = options;
  // Network ids may be longer than service ids, so without a kind the network limit applies.
  if (kind !== undefined) checkParentKind(kind);
  if (id !== undefined) checkId(kind ?? 'network', id);
  const limit = checkLimit(options.limit ?? HISTORY_DELETIONS_DEFAULT, HISTORY_DELETIONS_MAX);
  const found = await readOfId(cluster, id, kind, limit);
  if (id === undefined || name === undefined || found.deletions.length > 0) return found;
  const newest = new Newest(limit);
  const isCalled = (deletion: Deletion) => deletion.name === name && (kind === undefined || deletion.kind === kind);
  const isWhole = await scan(cluster, newest, isCalled);
  const deletions = newest.all();
  if (deletions.length === 0) return { ...found, isWhole: found.isWhole && isWhole };
  const whereabouts = found.whereabouts === 'there' ? 'there' : 'gone';
  return { deletions, more: newest.more(), isWhole, whereabouts };
}

async function readOfId(
  cluster: Cluster,
  id: string | undefined,
  kind: ParentKind | undefined,
  limit: number,
): Promise<History> {
  const isWanted = (deletion: Deletion) =>
    (id === undefined || deletion.id === id) && (kind === undefined || deletion.kind === kind);
  const newest = new Newest(limit);
  const isNamed = id !== undefined && kind !== 'network';
  // Each kind is taken from one of the two, so that none is counted twice.
  const isOwn = (deletion: Deletion) => isWanted(deletion) && deletion.kind === 'service';
  const isLeft = (deletion: Deletion) => isWanted(deletion) && !(isNamed && deletion.kind === 'service');
  const named = isNamed ? await query(cluster, { kind: 'service', id }, newest, isOwn) : true;
  const scanned = id !== undefined && kind === 'service' ? true : await scan(cluster, newest, isLeft);
  const deletions = newest.all();
  const kinds = kind === undefined ? (Object.keys(KINDS) as ParentKind[]) : [kind];
  const isThere =
    id !== undefined &&
    (await isOneThere(
      cluster,
      kinds.map((one) => ({ kind: one, id })),
    ));
  return {
    deletions,
    more: newest.more(),
    isWhole: named && scanned,
    ...(id !== undefined && { whereabouts: isThere ? 'there' : deletions.length > 0 ? 'gone' : 'not there' }),
  };
}

async function isOneThere(cluster: Cluster, keys: readonly ItemKey[]): Promise<boolean> {
  // An id that is too long for one kind is asked for as the other alone.
  const possible = keys.filter(({ kind, id }) => isId(kind, id));
  const parents = await mapInParallel(possible, NETWORKS_IN_PARALLEL, (key) => cluster.readParent(key));
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
 * deallocator; or not all receipts were read. Where a network went with a
 * service, and for names, the whole table is read, once for all of them.
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
  const own = await mapInParallel(keys, NETWORKS_IN_PARALLEL, async (key) => {
    const { items } = await listReceipts(cluster.database, itemName(key));
    const [newest] = items
      .flatMap(deletionsOf)
      .filter(({ object }) => object === itemName(key))
      .sort(newestFirst);
    return newest;
  });
  const byId = new Map(own.flatMap((deletion) => (deletion === undefined ? [] : [[deletion.object, deletion]])));
  const left = new Set(keys.filter(({ kind }, n) => !own[n] && (alsoByName || kind !== 'service')).map(itemName));
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
  return takeAll((from) => listReceipts(cluster.database, itemName(key), from), taker, isWanted);
}

function scan(cluster: Cluster, taker: Taker, isWanted: (deletion: Deletion) => boolean) {
  return takeAll((from) => scanTable(cluster.database, 'receipts', from), taker, isWanted);
}

async function takeAll(
  list: (from: PageKey | undefined) => Promise<Page<Item>>,
  taker: Taker,
  isWanted: (deletion: Deletion) => boolean,
): Promise<boolean> {
  let left: PageKey | undefined;
  for await (const { items, next } of eachPage(list, { pagesMax: HISTORY_PAGES_MAX })) {
    for (const deletion of items.flatMap(deletionsOf).filter(isWanted)) taker.take(deletion);
    left = next;
  }
  return left === undefined;
}

/** The deletion of the receipt's parent, and those of networks that went along. An item of another shape is passed over. */
export function deletionsOf(receipt: Item): Deletion[] {
  const key = parseParentName(receipt.id);
  const { deletedAt, trigger, freed = [], kept = [] } = receipt;
  if (key === undefined || typeof deletedAt !== 'string' || typeof trigger !== 'string') return [];
  if (!Array.isArray(freed) || !freed.every(isFreed) || !Array.isArray(kept) || !kept.every(isText)) return [];
  return [
    {
      ...endOf(key, receipt as typeof receipt & { markedAt: string }),
      deletedAt,
      trigger,
      freed: freed.map(({ id }) => id),
      kept,
    },
    ...freed.flatMap((network) => {
      const networkKey = parseParentName(network.id);
      const along = { deletedAt, trigger, wentWith: receipt.id, freed: [], kept: [] };
      return networkKey === undefined ? [] : [{ ...endOf(networkKey, network), ...along }];
    }),
  ];
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

function endOf(key: ItemKey, { name, markedAt, markedBy, markedReason }: Mark) {
  return {
    ...key,
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
