/** The entries of a snapshot: what each must be, and what it may refer to. */
import type { NewNetwork, NewService } from '../../client/types.ts';
import { shown } from '../../protocol/arguments.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import { type Entry, isMap } from '../values.ts';
import { byList, type ListName } from './lists.ts';
import { checkSharedReferences, type There } from './shared.ts';
import {
  asMap,
  checkId,
  checkObject,
  checkStorable,
  type FieldNames,
  invalid,
  type Parts,
  type Placed,
  parseJson,
  SNAPSHOT_FIELDS,
  SNAPSHOT_OBJECTS_MAX,
  type Snapshot,
  type SnapshotTask,
} from './snapshot.ts';

/** Fails with `InvalidArgument` at the first thing that could not be loaded, and names its entry and field. */
export function parseSnapshot(text: string): Snapshot {
  const document = parseJson(text, '');
  if (!isMap(document)) throw invalid(`is ${shown(document)}; it must be an object with services, networks and tasks`);
  return checkParts(readParts(document, ''));
}

/** `place` precedes each entry's path, such as a file's name and a colon; it may be empty. */
export function readParts(document: Entry, place: string): Parts {
  const read: readonly ListName[] = ['networks', 'services', 'tasks'];
  return byList((list) => (read.includes(list) ? readList(document, list, place) : []));
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
    const { id } = checkService(where, entry, { networks: networkIds });
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

/** @param there what it may refer to */
export function checkService(
  where: string,
  service: Entry,
  { networks, ...shared }: There & { readonly networks: Pick<ReadonlySet<unknown>, 'has'> },
  fields = SNAPSHOT_FIELDS,
): NewService {
  checkObject(where, 'service', service, fields);
  checkSharedReferences(where, service, shared, checkNetworks(where, service, networks, fields));
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

/** Both lists, the one that counts and the other: a wrong entry in either is a mistake. Returns how many networks count. */
function checkNetworks(
  where: string,
  { spec = {} }: Entry,
  there: Pick<ReadonlySet<unknown>, 'has'>,
  fields: FieldNames,
): number {
  const { task = {}, networks: ofService } = asMap(`${where}.spec`, spec);
  const { networks: ofTask } = asMap(`${where}.spec.task`, task);
  let counted = 0;
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
      if (!there.has(target)) {
        throw invalid(
          `${path}[${index}].${fields.target} is ${shown(target)}, and the snapshot has no such network; add it`,
        );
      }
      targets.add(target);
    }
    if (targets.size > NETWORKS_PER_SERVICE_MAX) {
      throw invalid(`${path} names ${targets.size} networks; a service has at most ${NETWORKS_PER_SERVICE_MAX}`);
    }
    counted ||= targets.size;
  }
  return counted;
}

function checkDistinct(where: string, seen: Set<string>, key: string, id: string): void {
  if (seen.has(key)) throw invalid(`${where} is ${shown(id)}, which an entry before it has too; ids are unique`);
  seen.add(key);
}
