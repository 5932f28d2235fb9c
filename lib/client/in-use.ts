/** Who uses a network that somebody wants to remove. */
import { Addresses } from '../dynamodb/items.ts';
import type { Requests } from '../dynamodb/requests.ts';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX, LIST_PAGE_ITEMS_MAX } from '../protocol/limits.ts';
import { parseAttachmentName, serviceOf, type UserKey, userName } from '../protocol/model.ts';
import type { UserRules } from './parents.ts';

/**
 * Throws `FailedPrecondition` when an unmarked service uses the network, or a task of one does. A service that is created
 * right after this look is no danger: once the network is marked it waits for that service like for any other.
 */
export async function refuseIfInUse(
  requests: Requests,
  tables: PhysicalNames,
  rules: UserRules,
  networkId: string,
): Promise<void> {
  const at = new Addresses(tables);
  const blockers: UserKey[] = [];
  let from: Record<string, string> | undefined;
  do {
    const { items, next } = await requests.query({
      ...at.childrenOf({ kind: 'network', id: networkId }),
      ConsistentRead: true,
      Limit: LIST_PAGE_ITEMS_MAX,
      ...(from && { ExclusiveStartKey: from }),
    });
    const users = items.map(({ serviceId: name }) => parseAttachmentName(name, rules));
    const ids = new Set(users.map((user) => serviceOf(user).id));
    const keys = [...ids].map((id) => ({ id }));
    const services = await requests.batchGet(at.tables.services, keys, ['id', 'pendingDelete']);
    const unmarked = new Set(services.filter((service) => service.pendingDelete !== true).map(({ id }) => id));
    blockers.push(...users.filter((user) => unmarked.has(serviceOf(user).id)));
    from = next;
  } while (from !== undefined && blockers.length === 0);
  if (blockers.length === 0) return;
  const named = wordsFor(blockers);
  const more = blockers.length > BLOCKERS_NAMED_MAX || from !== undefined ? ' and others' : '';
  throw new DeallocatorError(
    'FailedPrecondition',
    `network ${networkId} is in use by ${named}${more}; remove or update ${blockers.length === 1 ? 'it' : 'them'} first, or mark the network with whenInUse: 'wait'`,
    { blockers: blockers.map(userName).sort() },
  );
}

/** The first few: services by their ids, then tasks. */
function wordsFor(blockers: readonly UserKey[]): string {
  const services = blockers.flatMap((user) => (user.kind === 'service' ? [user.id] : [])).sort();
  const tasks = blockers.flatMap((user) =>
    user.kind === 'task' ? [`task ${user.id} of service ${user.serviceId}`] : [],
  );
  const shown = services.slice(0, BLOCKERS_NAMED_MAX);
  return [
    ...(shown.length > 0 ? [`service ${shown.join(', ')}`] : []),
    ...tasks.sort().slice(0, BLOCKERS_NAMED_MAX - shown.length),
  ].join(', ');
}
