/** What is checked before anything is sent. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributeOf } from '../dynamodb/client.ts';
import { namedLists, namedTaskLists } from '../dynamodb/items.ts';
import { PARENT_TABLES } from '../dynamodb/schema.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import {
  ID_BYTES_MAX,
  LIST_PAGE_ITEMS_DEFAULT,
  LIST_PAGE_ITEMS_MAX,
  MARKED_BY_BYTES_MAX,
  MARKED_REASON_BYTES_MAX,
  NETWORKS_PER_SERVICE_MAX,
  SORT_KEY_BYTES_MAX,
} from '../protocol/limits.ts';
import { attachmentName, byteLength, parseAttachmentName, referencedNetworks } from '../protocol/model.ts';
import type { NewTask } from './types.ts';

type Kind = keyof typeof ID_BYTES_MAX;

/** Of a report, which may be asked for without types. */
export function checkParentKind(kind: unknown): void {
  if (typeof kind === 'string' && Object.hasOwn(PARENT_TABLES, kind)) return;
  throw invalid(`the kind of an object is ${shown(kind)}; it must be "service" or "network"`);
}

export function checkParent({ kind, id }: { readonly kind: Kind; readonly id: unknown }): void {
  checkParentKind(kind);
  checkId(kind, id);
}

export function checkId(kind: Kind, id: unknown): asserts id is string {
  const most = ID_BYTES_MAX[kind];
  if (typeof id !== 'string') throw invalid(`a ${kind}'s id is ${shown(id)}; it must be a string`);
  if (id === '') throw invalid(`a ${kind}'s id is empty; it must have 1 to ${most} bytes`);
  if (!id.isWellFormed()) throw invalid(`the ${kind} id ${shown(id)} holds half a character; DynamoDB would change it`);
  const bytes = byteLength(id);
  if (bytes > most) throw invalid(`the ${kind} id ${shown(id)} has ${bytes} bytes; at most ${most} fit the keys`);
}

/** An item as it is created: an object with a fit id, and a service or network without a mark. */
export function checkNew(kind: Kind, item: unknown): void {
  if (typeof item !== 'object' || item === null) throw invalid(`a ${kind} is ${shown(item)}; it must be an object`);
  const { id, pendingDelete, markedAt } = item as Record<string, unknown>;
  checkId(kind, id);
  if (kind === 'task') return; // a task knows no mark: its attributes are all the caller's
  if (pendingDelete !== undefined || markedAt !== undefined) {
    throw invalid(
      `${kind} ${id} carries pendingDelete or markedAt; create it without, and mark it with its remove method`,
    );
  }
}

/**
 * The networks that a spec refers to, each once; refuses every entry that the deallocator would pass over. The spec is read
 * as it will be stored: a Map, say, becomes a map, and must not carry a reference past the fence.
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
  const references = referencedNetworks(serviceId, lists);
  checkNumberOf(references, owner);
  return references;
}

/** The same of a task, where tasks hold networks. */
export function checkTaskReferences(serviceId: string, { id, networks }: NewTask): string[] {
  const lists = namedTaskLists(networks === undefined ? {} : { networks: toStored(networks) });
  const owner = `task ${id} of service ${serviceId}`;
  checkNetworks('networks', lists.service, owner);
  if (lists.service === undefined) return [];
  const name = attachmentName({ kind: 'task', serviceId, id });
  const bytes = byteLength(name);
  if (bytes > SORT_KEY_BYTES_MAX) {
    throw invalid(
      `the ids of ${owner} make a name of ${bytes} bytes, and an attachment's key holds ${SORT_KEY_BYTES_MAX}; take shorter ones, or leave its networks out`,
    );
  }
  const references = referencedNetworks(name, lists);
  checkNumberOf(references, owner);
  return references;
}

/** Where tasks hold networks, a service's attachments must not pass for a task's. */
export function checkNoTaskName(kind: Kind, id: string): void {
  if (kind !== 'service' || parseAttachmentName(id, { taskNetworks: true }).kind !== 'task') return;
  throw invalid(`the service id ${shown(id)} is what attachments of tasks are called; take one that begins otherwise`);
}

function checkNetworks(name: string, list: unknown, owner: string): void {
  if (list === undefined) return;
  if (!Array.isArray(list)) throw invalid(`${name} of ${owner} is no list; it must be a list`);
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

/** A text is no list: its letters would be taken for ids. */
export function checkList(name: string, list: unknown): void {
  if (!Array.isArray(list)) throw invalid(`${name} is ${shown(list)}; it must be a list`);
}

export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw invalid(`options are ${shown(options)}; they must be an object`);
}

export function checkDeclared(options: unknown): void {
  checkOptions(options);
  const { by, reason } = options as Record<string, unknown>;
  checkText('by', by, MARKED_BY_BYTES_MAX);
  checkText('reason', reason, MARKED_REASON_BYTES_MAX);
}

function checkText(name: string, text: unknown, bytesMax: number): void {
  if (text === undefined) return;
  if (typeof text === 'string' && text !== '' && text.isWellFormed() && byteLength(text) <= bytesMax) return;
  throw invalid(`${name} is ${shown(text)}; it must be a text of 1 to ${bytesMax} bytes`);
}

export function checkChange(change: unknown): void {
  if (typeof change !== 'function') throw invalid(`change is ${shown(change)}; it must be a function`);
}

export function checkLimit(limit: number = LIST_PAGE_ITEMS_DEFAULT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIST_PAGE_ITEMS_MAX) return limit;
  throw invalid(`limit is ${shown(limit)}; it must be a whole number from 1 to ${LIST_PAGE_ITEMS_MAX}`);
}

export function invalid(message: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError('InvalidArgument', message, { cause });
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : textOf(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'an object without a text'; // such as one without a prototype
  }
}
