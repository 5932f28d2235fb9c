/**
 * A cluster as one JSON document: `{services: [{id, spec, …}], networks: [{id, spec, …}], tasks: [{serviceId, id, …}]}`.
 * All of it is checked before anything is written, so that a mistake leaves nothing half loaded.
 */

import type { NewNetwork, NewService, Task } from '../../client/types.ts';
import { attributeOf } from '../../dynamodb/client.ts';
import { shown } from '../../protocol/arguments.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { idBytesMax, NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import { isId } from '../../protocol/model.ts';
import { STACK_LABEL } from '../names.ts';
import { type Entry, isMap } from '../values.ts';

/** Objects of one kind in a snapshot. They are held in memory; a laptop loads ten thousand tasks in some seconds. */
export const SNAPSHOT_OBJECTS_MAX = 10_000;

/** What a mark or an undelete adds to an item: when, by whom and why. */
const MARK_ATTRIBUTES: readonly string[] = [
  'pendingDelete',
  ...['markedAt', 'markedBy', 'markedReason'],
  ...['unmarkedAt', 'unmarkedBy', 'unmarkedReason'],
];

/** A task, with the id of its service. */
export type SnapshotTask = Task;

/** A cluster as data. At most 10,000 objects of each kind. */
export interface Snapshot {
  /** Refer to its networks, or to networks that are there. */
  readonly services: readonly NewService[];
  /** What services, and perhaps tasks, refer to. */
  readonly networks: readonly NewNetwork[];
  /** Belong to its services. */
  readonly tasks: readonly SnapshotTask[];
}

/** An object that an import or an export left out. */
export interface LeftOut {
  /** `network#…`, `service#…` or `task#<service>#<task>`; a task of Docker's, which has an id of its own: `task#<task>`. */
  readonly object: string;
  /** Why, in words. */
  readonly reason: string;
  /** The object because of which it was: what it belongs to or refers to, and what is wrong itself. Absent: the object itself. */
  readonly cause?: string;
}

/** How a document calls the fields that are checked, for messages. */
export interface FieldNames {
  readonly id: string;
  readonly serviceId: string;
  readonly labels: string;
  readonly taskNetworks: string;
  readonly networks: string;
  readonly target: string;
}

export const SNAPSHOT_FIELDS: FieldNames = {
  id: 'id',
  serviceId: 'serviceId',
  labels: 'spec.annotations.labels',
  taskNetworks: 'spec.task.networks',
  networks: 'spec.networks',
  target: 'target',
};

/** An entry of a document, and where it stands, for messages. */
export interface Placed {
  readonly where: string;
  readonly entry: Entry;
  /** @default {@link SNAPSHOT_FIELDS} */
  readonly fields?: FieldNames;
  /** What Docker tells of it beside what is imported. */
  readonly told?: {
    readonly name?: unknown;
    readonly version?: number | undefined;
    readonly tasks?: number | undefined;
  };
}

/** A snapshot's entries before they are checked. */
export type Parts = { readonly [List in keyof Snapshot]: readonly Placed[] };

/** Fails with `InvalidArgument` at the first thing that could not be loaded, and names its entry and field. */
export function parseSnapshot(text: string): Snapshot {
  const document = parseJson(text, '');
  if (!isMap(document)) throw invalid(`is ${shown(document)}; it must be an object with services, networks and tasks`);
  return checkParts(readParts(document, ''));
}

/** `place` precedes each entry's path, such as a file's name and a colon; it may be empty. */
export function readParts(document: Entry, place: string): Parts {
  return {
    networks: readList(document, 'networks', place),
    services: readList(document, 'services', place),
    tasks: readList(document, 'tasks', place),
  };
}

/** Fails with `InvalidArgument` at the first entry that could not be loaded, or that refers to one that is not there. */
export function checkParts(parts: Parts): Snapshot {
  checkSize(parts);
  const networkIds = new Set<string>();
  for (const { where, entry } of parts.networks) {
    const { id } = checkNetwork(where, entry);
    checkDistinct(`${where}.id`, networkIds, id, id);
  }
  const serviceIds = new Set<string>();
  for (const { where, entry } of parts.services) {
    const { id } = checkService(where, entry, networkIds);
    checkDistinct(`${where}.id`, serviceIds, id, id);
  }
  const taskKeys = new Set<string>();
  for (const { where, entry } of parts.tasks) {
    const { serviceId, id } = checkTask(where, entry, serviceIds);
    checkDistinct(`${where}.id`, taskKeys, JSON.stringify([serviceId, id]), id);
  }
  const entries = <T>(placed: readonly Placed[]) => placed.map(({ entry }) => entry as unknown as T);
  return {
    services: entries<NewService>(parts.services),
    networks: entries<NewNetwork>(parts.networks),
    tasks: entries<SnapshotTask>(parts.tasks),
  };
}

export function checkSize(parts: Parts): void {
  for (const [name, { length }] of Object.entries(parts)) {
    if (length > SNAPSHOT_OBJECTS_MAX) {
      throw invalid(`has ${length} ${name}; at most ${SNAPSHOT_OBJECTS_MAX} are loaded at once, so cut it down`);
    }
  }
}

export function checkNetwork(where: string, network: Entry, fields = SNAPSHOT_FIELDS): NewNetwork {
  checkObject(where, 'network', network, fields);
  return network as NewNetwork;
}

/** @param networkIds the networks that it may refer to */
export function checkService(
  where: string,
  service: Entry,
  networkIds: Pick<ReadonlySet<string>, 'has'>,
  fields = SNAPSHOT_FIELDS,
): NewService {
  checkObject(where, 'service', service, fields);
  checkReferences(where, service, networkIds, fields);
  return service as NewService;
}

/** @param serviceIds the services that it may belong to */
export function checkTask(
  where: string,
  task: Entry,
  serviceIds: Pick<ReadonlySet<string>, 'has'>,
  fields = SNAPSHOT_FIELDS,
): SnapshotTask {
  checkId(`${where}.${fields.id}`, 'task', task.id);
  checkId(`${where}.${fields.serviceId}`, 'service', task.serviceId);
  if (!serviceIds.has(task.serviceId as string)) {
    throw invalid(
      `${where}.${fields.serviceId} is ${shown(task.serviceId)}, and the snapshot has no such service; add it or drop the task`,
    );
  }
  checkStorable(where, task);
  return task as SnapshotTask;
}

/** An item as a snapshot holds it: snapshots have no marks. */
export function withoutMark(item: Entry): Entry {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !MARK_ATTRIBUTES.includes(name)));
}

/** `place` as in {@link readParts}. */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text, (key, value) => {
      // The SDK would leave it out, and DynamoDB would refuse the rest with half of the file written.
      if (key === '__proto__') throw new SyntaxError('a key is called __proto__, which can not be written');
      return value;
    });
  } catch (cause) {
    throw invalid(`${place}is not JSON (${(cause as Error).message}); correct it there`, cause);
  }
}

function readList(document: Entry, name: string, place: string): Placed[] {
  const list = document[name];
  if (!Array.isArray(list)) {
    throw invalid(`${place}${name} is ${shown(list)}; it must be a list, which may be empty`);
  }
  return list.map((entry: unknown, index) => {
    const where = `${place}${name}[${index}]`;
    return { where, entry: asMap(where, entry) };
  });
}

function checkObject(where: string, kind: 'service' | 'network', object: Entry, fields: FieldNames): void {
  checkId(`${where}.${fields.id}`, kind, object.id);
  for (const field of MARK_ATTRIBUTES) {
    if (object[field] === undefined) continue;
    throw invalid(
      `${where}.${field} is ${shown(object[field])}; drop it: objects are loaded unmarked, and marked later`,
    );
  }
  const { spec = {} } = object;
  const { annotations = {} } = asMap(`${where}.spec`, spec);
  const { labels = {} } = asMap(`${where}.spec.annotations`, annotations);
  const { [STACK_LABEL]: stack } = asMap(`${where}.${fields.labels}`, labels);
  if (stack !== undefined && (typeof stack !== 'string' || stack === '')) {
    throw invalid(
      `${where}.${fields.labels}["${STACK_LABEL}"] is ${shown(stack)}; it must be a stack's name, or not be there`,
    );
  }
  checkStorable(where, object);
}

/** JSON can say more than DynamoDB can hold, such as numbers of more than 38 digits. */
function checkStorable(where: string, entry: Entry): void {
  try {
    attributeOf(entry);
  } catch (cause) {
    throw invalid(`${where} holds what DynamoDB can't: ${(cause as Error).message}`, cause);
  }
}

/** Both lists, the one that counts and the other: a wrong entry in either is a mistake. */
function checkReferences(
  where: string,
  { spec = {} }: Entry,
  networkIds: Pick<ReadonlySet<string>, 'has'>,
  fields: FieldNames,
): void {
  const { task = {}, networks: ofService } = asMap(`${where}.spec`, spec);
  const { networks: ofTask } = asMap(`${where}.spec.task`, task);
  for (const [path, list] of [
    [`${where}.${fields.taskNetworks}`, ofTask],
    [`${where}.${fields.networks}`, ofService],
  ] as const) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) throw invalid(`${path} is ${shown(list)}; it must be a list`);
    const targets = new Set<unknown>();
    for (const [index, entry] of list.entries()) {
      const target: unknown = isMap(entry) ? entry.target : undefined;
      checkId(`${path}[${index}].${fields.target}`, 'network', target);
      if (!networkIds.has(target as string)) {
        throw invalid(
          `${path}[${index}].${fields.target} is ${shown(target)}, and the snapshot has no such network; add it`,
        );
      }
      targets.add(target);
    }
    if (targets.size > NETWORKS_PER_SERVICE_MAX) {
      throw invalid(`${path} names ${targets.size} networks; a service has at most ${NETWORKS_PER_SERVICE_MAX}`);
    }
  }
}

function checkId(where: string, kind: string, id: unknown): void {
  if (isId(kind, id) && id.isWellFormed()) return;
  throw invalid(`${where} is ${shown(id)}; it must be a string of 1 to ${idBytesMax(kind)} bytes`);
}

function checkDistinct(where: string, seen: Set<string>, key: string, id: string): void {
  if (seen.has(key)) throw invalid(`${where} is ${shown(id)}, which an entry before it has too; ids are unique`);
  seen.add(key);
}

export function asMap(where: string, value: unknown): Entry {
  if (isMap(value)) return value;
  throw invalid(`${where} is ${shown(value)}; it must be an object`);
}

const REFUSED = 'the snapshot is refused: ';

/** @param blocker the object that is wrong itself, where it is another */
export function invalid(message: string, cause?: unknown, blocker?: string): DeallocatorError {
  const blockers = blocker === undefined ? [] : [blocker];
  return new DeallocatorError('InvalidArgument', `${REFUSED}${message}`, { cause, blockers });
}

/** Its message, without what all of them begin with. */
export function reasonOf({ message }: DeallocatorError): string {
  return message.startsWith(REFUSED) ? message.slice(REFUSED.length) : message;
}
