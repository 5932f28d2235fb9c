/** What keeps many parents, in as few requests as that takes: what lies under their keys, and their users. */
import { keyOfStored } from '../../dynamodb/item-reads.ts';
import { scanPaths } from '../../dynamodb/reads.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Count } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { keyOver } from '../../lifecycle/told.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { groupBy, mapInParallel } from '../../protocol/parallel.ts';
import { planned } from '../names.ts';
import { type Cluster, USERS_MAX } from './cluster.ts';
import { type ChildrenFound, childPaths, foundChildren, foundUsers, keeps, type UsersFound } from './found.ts';

/**
 * So many queries of one parent each cost about as much, in time and in read units, as one page (1 MB) of a scan. A table that has
 * no more pages than its share is read whole; else the pages that were read in vain cost as much again as the queries.
 */
const QUERIES_PER_SCANNED_PAGE = 100;

type UnderKeySource = Count & { readonly by: 'key' };

/** The sources of a kind's count that are deleted plainly, under its key: they are counted, and not told one by one. */
export function leavesUnder(plan: Plan, kind: string): UnderKeySource[] {
  return planned(plan, kind).countedBy.filter(
    (source): source is UnderKeySource => source.by === 'key' && !planned(plan, source.kind).isGuarded,
  );
}

/** Whether anything else than these may keep one of a kind: holders, or guarded items under its key. */
export function hasUsers(plan: Plan, kind: string): boolean {
  return planned(plan, kind).countedBy.length > leavesUnder(plan, kind).length;
}

/** By the parent's name, a list for each kind; with so many of each kind named. */
export async function readChildrenOf(
  cluster: Cluster,
  parents: readonly ItemKey[],
  namedMax: number,
  pagesMax: number,
): Promise<Map<string, readonly ChildrenFound[]>> {
  const found = new Map<string, ChildrenFound[]>();
  for (const [kind, keys] of groupBy(parents, (key) => key.kind)) {
    for (const source of leavesUnder(cluster.plan, kind)) {
      for (const [name, children] of await readFrom(cluster, source, keys, namedMax, pagesMax)) {
        found.set(name, [...(found.get(name) ?? []), children]);
      }
    }
  }
  return found;
}

async function readFrom(
  cluster: Cluster,
  source: UnderKeySource,
  parents: readonly ItemKey[],
  namedMax: number,
  pagesMax: number,
): Promise<(readonly [string, ChildrenFound])[]> {
  const { database, plan } = cluster;
  const { kind, table } = source;
  const counts = new Map(parents.map((key) => [itemName(key), 0]));
  const named = new Map<string, { key: ItemKey; item: StoredItem }[]>();
  const [{ kind: above } = { kind: '' }] = parents;
  const isWhole = await scanFor(cluster, table, childPaths(plan, kind), parents.length, (item) => {
    const key = keyOfStored(database, kind, item);
    const name = key && itemName(keyOver(plan, key, above));
    const count = name === undefined ? undefined : counts.get(name);
    if (key === undefined || name === undefined || count === undefined || !keeps(plan, kind, item)) return;
    counts.set(name, count + 1);
    if (namedMax === 0) return;
    const others = named.get(name);
    if (others === undefined) named.set(name, [{ key, item }]);
    else others.push({ key, item });
  });
  if (isWhole) {
    return [...counts].map(([name, count]) => [
      name,
      foundChildren(plan, kind, named.get(name) ?? [], { count, isExact: true, namedMax }),
    ]);
  }
  return await mapInParallel(parents, NETWORKS_IN_PARALLEL, async (key) => {
    return [itemName(key), await cluster.readChildren(key, source, namedMax, pagesMax)] as const;
  });
}

/** By the parent's name. Only of kinds that may have any. */
export async function readUsersOf(cluster: Cluster, parents: readonly ItemKey[]): Promise<Map<string, UsersFound>> {
  const { plan } = cluster;
  const keys = parents.filter(({ kind }) => hasUsers(plan, kind));
  const isHeldAlone = ({ kind }: ItemKey) => planned(plan, kind).countedBy.every(({ by }) => by === 'attachments');
  const [held, others] = [keys.filter(isHeldAlone), keys.filter((key) => !isHeldAlone(key))];
  const scanned = await scanAttached(cluster, held);
  const left = scanned === undefined ? keys : others;
  const read = await mapInParallel(left, NETWORKS_IN_PARALLEL, async (key) => {
    return [itemName(key), await cluster.readUsers(key)] as const;
  });
  return new Map([...(scanned ?? []), ...read]);
}

/** Undefined where the table is too large to be read. */
async function scanAttached(cluster: Cluster, keys: readonly ItemKey[]): Promise<Map<string, UsersFound> | undefined> {
  const names = new Map(keys.map((key) => [itemName(key), [] as string[]]));
  let isAll = true;
  const isWhole = await scanFor(cluster, 'attachments', ['held', 'holder'], keys.length, (stored) => {
    const users = names.get(stored.held?.S as string);
    if (users === undefined) return;
    if (users.length < USERS_MAX) users.push(stored.holder?.S as string);
    else isAll = false;
  });
  if (!isWhole || !isAll) return undefined;
  return new Map([...names].map(([name, users]) => [name, foundUsers(cluster.plan, users, true)]));
}

/** Whether the table was read to its end, within the share of so many parents. */
async function scanFor(
  cluster: Cluster,
  table: string,
  paths: readonly string[],
  parents: number,
  take: (stored: StoredItem) => void,
): Promise<boolean> {
  const pagesMax = Math.floor(parents / QUERIES_PER_SCANNED_PAGE);
  const list = (from: PageKey | undefined) => scanPaths(cluster.database, table, paths, from);
  for await (const { items, next } of eachPage(list, { pagesMax })) {
    for (const item of items) take(item);
    if (next === undefined) return true;
  }
  return false;
}
