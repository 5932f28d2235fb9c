/** Refuses to mark a network that is in use. */
import type { Database } from '../dynamodb/database.ts';
import { listAttached } from '../dynamodb/reads.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX, LIST_PAGE_ITEMS_MAX } from '../protocol/limits.ts';
import { parseUserName, serviceOf, taskParts } from '../protocol/model.ts';
import { eachPage } from '../protocol/pages.ts';

/**
 * Throws `FailedPrecondition` when an unmarked service, or a task of one, uses the network. A service that joins it right
 * after this look does no harm: once the network is marked, it waits for that service as for any other.
 */
export async function refuseIfInUse(database: Database, networkId: string): Promise<void> {
  const { requests, at } = database;
  const network: ItemKey = { kind: 'network', id: networkId };
  const blockers: ItemKey[] = [];
  let isWhole = true;
  for await (const page of eachPage((from) => listAttached(database, network, LIST_PAGE_ITEMS_MAX, from))) {
    const users = page.items.map(parseUserName).filter((user) => user !== undefined);
    const ids = new Set(users.map((user) => serviceOf(user).id));
    const keys = [...ids].map((id) => ({ id }));
    const services = await requests.batchGet(at.table('services'), keys, ['id', 'pendingDelete']);
    const unmarked = new Set(services.filter((service) => service.pendingDelete !== true).map(({ id }) => id));
    blockers.push(...users.filter((user) => unmarked.has(serviceOf(user).id)));
    isWhole = page.next === undefined;
    if (blockers.length > 0) break;
  }
  if (blockers.length === 0) return;
  const named = wordsFor(blockers);
  const more = blockers.length > BLOCKERS_NAMED_MAX || !isWhole ? ' and others' : '';
  throw new DeallocatorError(
    'FailedPrecondition',
    `network ${networkId} is in use by ${named}${more}; remove or update ${blockers.length === 1 ? 'it' : 'them'} first, or mark the network with whenInUse: 'wait'`,
    { blockers: blockers.map(itemName).sort() },
  );
}

/** The first few, services before tasks. */
function wordsFor(blockers: readonly ItemKey[]): string {
  const services = blockers.flatMap((user) => (user.kind === 'service' ? [user.id] : [])).sort();
  const tasks = blockers.flatMap((user) =>
    user.kind === 'task' ? [`task ${taskParts(user).id} of service ${taskParts(user).serviceId}`] : [],
  );
  const shown = services.slice(0, BLOCKERS_NAMED_MAX);
  return [
    ...(shown.length > 0 ? [`service ${shown.join(', ')}`] : []),
    ...tasks.sort().slice(0, BLOCKERS_NAMED_MAX - shown.length),
  ].join(', ');
}
