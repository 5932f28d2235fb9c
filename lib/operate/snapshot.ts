/**
 * A cluster as one JSON document: `{services: [{id, spec, …}], networks: [{id, spec, …}], tasks: [{serviceId, id, …}]}`.
 * All of it is checked before anything of it is written, so that a mistake in it leaves nothing half loaded.
 */
import type { NewNetwork, NewService, NewTask } from '../client/types.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { ID_BYTES_MAX, NETWORKS_PER_SERVICE_MAX } from '../protocol/limits.ts';
import { isId } from '../protocol/model.ts';

/** What `docker stack deploy` puts on everything that it creates. An object without it belongs to no stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/**
 * Objects of one kind in a snapshot. They are held in memory and written one transaction after the other: ten thousand
 * tasks take some seconds to load on a laptop.
 */
export const SNAPSHOT_OBJECTS_MAX = 10_000;

export type SnapshotTask = NewTask & { readonly serviceId: string };

export interface Snapshot {
  readonly services: readonly NewService[];
  readonly networks: readonly NewNetwork[];
  readonly tasks: readonly SnapshotTask[];
}

type Entry = Readonly<Record<string, unknown>>;

/** Fails with `InvalidArgument`, naming the entry and the field, at the first thing that could not be loaded. */
export function parseSnapshot(text: string): Snapshot {
  const document = parseJson(text);
  if (!isMap(document)) throw invalid(`is ${shown(document)}; it must be an object with services, networks and tasks`);
  const networks = readList(document, 'networks');
  const services = readList(document, 'services');
  const tasks = readList(document, 'tasks');

  const networkIds = new Set<string>();
  for (const [index, network] of networks.entries()) {
    const where = `networks[${index}]`;
    checkObject(where, 'network', network);
    checkDistinct(`${where}.id`, networkIds, network.id as string, network.id as string);
  }
  const serviceIds = new Set<string>();
  for (const [index, service] of services.entries()) {
    const where = `services[${index}]`;
    checkObject(where, 'service', service);
    checkDistinct(`${where}.id`, serviceIds, service.id as string, service.id as string);
    checkReferences(where, service, networkIds);
  }
  const taskKeys = new Set<string>();
  for (const [index, task] of tasks.entries()) {
    const where = `tasks[${index}]`;
    checkId(`${where}.id`, 'task', task.id);
    checkId(`${where}.serviceId`, 'service', task.serviceId);
    const { serviceId, id } = task as { serviceId: string; id: string };
    if (!serviceIds.has(serviceId)) {
      throw invalid(
        `${where}.serviceId is ${shown(serviceId)}, which is no service of the snapshot; add it or drop the task`,
      );
    }
    checkDistinct(`${where}.id`, taskKeys, JSON.stringify([serviceId, id]), id);
  }
  return document as unknown as Snapshot;
}

/** The stack that an object belongs to, if any. */
export function stackOf(object: { readonly spec?: unknown }): string | undefined {
  const annotations = isMap(object.spec) ? object.spec.annotations : undefined;
  const labels = isMap(annotations) ? annotations.labels : undefined;
  const stack = isMap(labels) ? labels[STACK_LABEL] : undefined;
  return typeof stack === 'string' && stack !== '' ? stack : undefined;
}

/** Stacks that have a service, each once, in the order of the services. */
export function listStacks(snapshot: Snapshot): string[] {
  return [...new Set(snapshot.services.map(stackOf).filter((stack) => stack !== undefined))];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`is not JSON (${(cause as Error).message}); mend it there`, cause);
  }
}

function readList(document: Entry, name: string): readonly Entry[] {
  const list = document[name];
  if (!Array.isArray(list)) throw invalid(`has ${shown(list)} as ${name}; it must be a list, which may be empty`);
  if (list.length > SNAPSHOT_OBJECTS_MAX) {
    throw invalid(`has ${list.length} ${name}; at most ${SNAPSHOT_OBJECTS_MAX} are loaded, so cut it down`);
  }
  for (const [index, entry] of list.entries()) {
    if (!isMap(entry)) throw invalid(`${name}[${index}] is ${shown(entry)}; it must be an object`);
  }
  return list;
}

function checkObject(where: string, kind: 'service' | 'network', object: Entry): void {
  checkId(`${where}.id`, kind, object.id);
  for (const field of ['pendingDelete', 'markedAt']) {
    if (object[field] === undefined) continue;
    throw invalid(
      `${where}.${field} is ${shown(object[field])}; drop it: objects are loaded unmarked, and marked later`,
    );
  }
  if (object.spec !== undefined && !isMap(object.spec)) throw notMap(`${where}.spec`, object.spec);
  const annotations = object.spec?.annotations;
  if (annotations !== undefined && !isMap(annotations)) throw notMap(`${where}.spec.annotations`, annotations);
  const labels = annotations?.labels;
  if (labels !== undefined && !isMap(labels)) throw notMap(`${where}.spec.annotations.labels`, labels);
  const stack = labels?.[STACK_LABEL];
  if (stack !== undefined && (typeof stack !== 'string' || stack === '')) {
    throw invalid(`${where}.spec.annotations.labels["${STACK_LABEL}"] is ${shown(stack)}; it must be a stack's name`);
  }
}

/** Both lists, the one that counts and the other: a wrong entry in either is a mistake that somebody wants to know of. */
function checkReferences(where: string, { spec }: Entry, networkIds: ReadonlySet<string>): void {
  if (!isMap(spec)) return;
  if (spec.task !== undefined && !isMap(spec.task)) throw notMap(`${where}.spec.task`, spec.task);
  for (const [path, list] of [
    [`${where}.spec.task.networks`, isMap(spec.task) ? spec.task.networks : undefined],
    [`${where}.spec.networks`, spec.networks],
  ] as const) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) throw invalid(`${path} is ${shown(list)}; it must be a list`);
    const targets = new Set<unknown>();
    for (const [index, entry] of list.entries()) {
      const target: unknown = isMap(entry) ? entry.target : undefined;
      checkId(`${path}[${index}].target`, 'network', target);
      if (!networkIds.has(target as string)) {
        throw invalid(`${path}[${index}].target is ${shown(target)}, which is no network of the snapshot; add it`);
      }
      targets.add(target);
    }
    if (targets.size > NETWORKS_PER_SERVICE_MAX) {
      throw invalid(`${path} names ${targets.size} networks; a service has at most ${NETWORKS_PER_SERVICE_MAX}`);
    }
  }
}

function checkId(where: string, kind: keyof typeof ID_BYTES_MAX, id: unknown): void {
  if (isId(kind, id) && id.isWellFormed()) return;
  throw invalid(`${where} is ${shown(id)}; it must be a string of 1 to ${ID_BYTES_MAX[kind]} bytes`);
}

function checkDistinct(where: string, seen: Set<string>, key: string, id: string): void {
  if (seen.has(key)) throw invalid(`${where} is ${shown(id)}, which an entry before it has too; ids are unique`);
  seen.add(key);
}

function notMap(where: string, value: unknown): DeallocatorError {
  return invalid(`${where} is ${shown(value)}; it must be an object`);
}

function invalid(message: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError('InvalidArgument', `the snapshot is refused: ${message}`, { cause });
}

function isMap(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
