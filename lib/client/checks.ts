/** What the client checks of an item before anything is sent: its id, its mark, and every network that it refers to. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributeOf } from '../dynamodb/client.ts';
import { namedLists, namedTaskLists } from '../dynamodb/items.ts';
import { TABLES } from '../dynamodb/schema.ts';
import { itemName } from '../lifecycle/keys.ts';
import { checkId, type IdKind, invalid, shown } from '../protocol/arguments.ts';
import { NETWORKS_PER_SERVICE_MAX, SORT_KEY_BYTES_MAX } from '../protocol/limits.ts';
import { byteLength, referencedNetworks, taskKey } from '../protocol/model.ts';
import type { NewTask } from './types.ts';

/** At once, and not at the first request: a name that is missing is a mistake in the wiring. */
export function checkTables(tables: unknown): void {
  const given = (typeof tables === 'object' && tables !== null ? tables : {}) as Readonly<Record<string, unknown>>;
  const wrong = Object.keys(TABLES).filter((table) => typeof given[table] !== 'string' || given[table] === '');
  const [first] = wrong;
  if (first === undefined) return;
  throw invalid(
    `tables.${first} is ${shown(given[first])}, and must be the name of a table (wrong or missing: ${wrong.join(', ')}); give deallocator.tableNames of the construct, or let deallocator.connect(fn) set the environment and call DeallocatorClient.fromEnvironment()`,
  );
}

/** A made-up client would fail at the first request, deep in the SDK. */
export function checkClient(client: unknown): void {
  if (client === undefined) return;
  const { send, config, middlewareStack } = (client ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof send === 'function' && config && middlewareStack) return;
  throw invalid(`client is ${shown(client)}; it must be a DynamoDBClient of @aws-sdk/client-dynamodb`);
}

/** A new item must be an object with an id that fits; a service or network must not carry a mark. */
export function checkNew(kind: IdKind, item: unknown): void {
  if (typeof item !== 'object' || item === null) throw invalid(`a ${kind} is ${shown(item)}; it must be an object`);
  const { id, pendingDelete, markedAt } = item as Record<string, unknown>;
  checkId(kind, id);
  if (kind === 'task') return; // a task has no mark: all its attributes are the caller's
  if (pendingDelete !== undefined || markedAt !== undefined) {
    throw invalid(
      `${kind} ${id} carries pendingDelete or markedAt; create it without, and mark it with its remove method`,
    );
  }
}

/**
 * The networks that a spec refers to, each once. Refuses every entry that the deallocator would pass over. The spec is read
 * as it will be stored: a JavaScript Map, say, becomes a map, and must not carry a reference past the fence.
 */
export function checkReferences(serviceId: string, spec: unknown): string[] {
  const stored = spec === undefined || spec === null ? undefined : toStored(spec);
  if (stored !== undefined && stored.M === undefined) {
    throw invalid(`the spec of service ${serviceId} is ${shown(spec)}; it must be an object`);
  }
  const lists = namedLists(stored);
  const owner = `service ${serviceId}`;
  checkNetworks('spec.task.networks', lists.task, owner);
  checkNetworks('spec.networks', lists.service, owner);
  const references = referencedNetworks({ kind: 'service', id: serviceId }, lists);
  checkNumberOf(references, owner);
  return references;
}

/** The same for a task, where tasks hold networks. */
export function checkTaskReferences(serviceId: string, { id, networks }: NewTask): string[] {
  const lists = namedTaskLists(networks === undefined ? {} : { networks: toStored(networks) });
  const owner = `task ${id} of service ${serviceId}`;
  checkNetworks('networks', lists.service, owner);
  if (lists.service === undefined) return [];
  const task = taskKey(serviceId, id);
  const bytes = byteLength(itemName(task));
  if (bytes > SORT_KEY_BYTES_MAX) {
    throw invalid(
      `the ids of ${owner} make a name of ${bytes} bytes, and an attachment's key holds ${SORT_KEY_BYTES_MAX}; take shorter ones, or leave its networks out`,
    );
  }
  const references = referencedNetworks(task, lists);
  checkNumberOf(references, owner);
  return references;
}

function checkNetworks(name: string, list: unknown, owner: string): void {
  if (list === undefined) return;
  if (!Array.isArray(list)) throw invalid(`${name} of ${owner} must be a list`);
  for (const entry of list) checkId('network', entry.target);
}

function checkNumberOf(references: readonly string[], owner: string): void {
  if (references.length <= NETWORKS_PER_SERVICE_MAX) return;
  throw invalid(
    `${owner} refers to ${references.length} networks; at most ${NETWORKS_PER_SERVICE_MAX} fit the transaction that deletes it`,
  );
}

/** As DynamoDB will hold it. */
export function toStored(spec: unknown): AttributeValue {
  try {
    return attributeOf(spec);
  } catch (cause) {
    throw invalid(`the spec holds what DynamoDB can't: ${(cause as Error).message}`, cause);
  }
}
