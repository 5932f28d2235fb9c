/** The children of many parents, in as few requests as that takes: tasks of services, users of networks. */
import { scanPaths } from '../../dynamodb/reads.ts';
import { native, type StoredItem } from '../../dynamodb/requests.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { referredTo } from '../../protocol/model.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { ATTACHED_USERS_MAX, type Cluster } from './cluster.ts';
import {
  type AttachedFound,
  foundAttached,
  foundTasks,
  holdsItsService,
  TASK_PATHS,
  type TasksFound,
} from './found.ts';

/**
 * So many queries of one parent each cost about as much, in time and in read units, as one page (1 MB) of a scan. A table that has
 * no more pages than its share is read whole; else the pages that were read in vain cost as much again as the queries.
 */
const QUERIES_PER_SCANNED_PAGE = 100;

/** By the service's id; with so many of each service's tasks named. */
export async function readTasksOf(
  cluster: Cluster,
  serviceIds: readonly string[],
  namedMax: number,
  pagesMax: number,
): Promise<Map<string, TasksFound>> {
  const counts = new Map(serviceIds.map((id) => [id, 0]));
  const named = new Map<string, Record<string, unknown>[]>();
  const isWhole = await scanFor(cluster, 'tasks', ['serviceId', ...TASK_PATHS], serviceIds.length, (stored) => {
    const serviceId = stored.serviceId?.S as string;
    const count = counts.get(serviceId);
    if (count === undefined) return;
    const task = native(stored);
    if (!holdsItsService(task, cluster.rules)) return;
    counts.set(serviceId, count + 1);
    if (namedMax === 0) return;
    const others = named.get(serviceId);
    if (others === undefined) named.set(serviceId, [task]);
    else others.push(task);
  });
  if (isWhole) {
    return new Map([...counts].map(([id, count]) => [id, foundTasks(named.get(id) ?? [], count, true, namedMax)]));
  }
  const found = await mapInParallel(serviceIds, NETWORKS_IN_PARALLEL, async (id) => {
    return [id, await cluster.readTasks(id, namedMax, pagesMax)] as const;
  });
  return new Map(found);
}

/** By the network's id. */
export async function readAttachedTo(
  cluster: Cluster,
  networkIds: readonly string[],
): Promise<Map<string, AttachedFound>> {
  const names = new Map(networkIds.map((id) => [itemName(referredTo(id)), { id, users: [] as string[] }]));
  let isAll = true;
  const isWhole = await scanFor(cluster, 'attachments', ['held', 'holder'], networkIds.length, (stored) => {
    const { users } = names.get(stored.held?.S as string) ?? {};
    if (users === undefined) return;
    if (users.length < ATTACHED_USERS_MAX) users.push(stored.holder?.S as string);
    else isAll = false;
  });
  if (isWhole && isAll) {
    return new Map([...names.values()].map(({ id, users }) => [id, foundAttached(users, true)]));
  }
  const found = await mapInParallel(networkIds, NETWORKS_IN_PARALLEL, async (id) => {
    return [id, await cluster.readAttached(id)] as const;
  });
  return new Map(found);
}

/** Whether the table was read to its end, within the share of so many parents. */
async function scanFor(
  cluster: Cluster,
  table: 'tasks' | 'attachments',
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
