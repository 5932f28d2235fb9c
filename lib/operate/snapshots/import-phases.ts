/** How the objects of each kind are looked for and created, and which of them fit one transaction. */
import type { DeallocatorClient } from '../../client/client.ts';
import type { NewTask } from '../../client/types.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { TRANSACTION_ACTIONS_MAX } from '../../protocol/limits.ts';
import {
  networkLists,
  type ParentKind,
  referencedNetworks,
  referredTo,
  taskKey,
  taskNetworkLists,
} from '../../protocol/model.ts';
import { taskName } from '../names.ts';
import type { Entry } from '../values.ts';
import type { Snapshot, SnapshotTask } from './snapshot.ts';

/** Characters, as JSON, of what one transaction puts. In UTF-8 that is at most 3 MB, and a transaction holds 4 MB. */
const TRANSACTION_CHARACTERS_MAX = 1_000_000;

/** How the objects of a kind are looked for and created. */
export interface Phase<T extends Entry> {
  readonly name: keyof Snapshot;
  readonly kind: ParentKind | 'task';
  nameOf(object: T): string;
  /** Names of what it refers or belongs to, each of which its transaction fences. */
  parentsOf(object: T): readonly string[];
  /** Actions beside the fences. */
  actionsOf(object: T): number;
  find(objects: readonly T[]): Promise<readonly Entry[]>;
  createTogether(objects: readonly T[]): Promise<void>;
  createAlone(object: T): Promise<void>;
}

export function networkPhase(client: DeallocatorClient): Phase<Snapshot['networks'][number]> {
  return {
    name: 'networks',
    kind: 'network',
    nameOf: ({ id }) => itemName({ kind: 'network', id }),
    parentsOf: () => [],
    actionsOf: () => 1,
    find: async (networks) => (await client.findTogether({ networks: networks.map(({ id }) => id) })).networks,
    createTogether: (networks) => client.createTogether({ networks }),
    createAlone: (network) => client.createNetwork(network),
  };
}

export function servicePhase(client: DeallocatorClient): Phase<Snapshot['services'][number]> {
  const parentsOf = ({ id, spec }: Snapshot['services'][number]) =>
    referencedNetworks({ kind: 'service', id }, networkLists(spec)).map((network) => itemName(referredTo(network)));
  return {
    name: 'services',
    kind: 'service',
    nameOf: ({ id }) => itemName({ kind: 'service', id }),
    parentsOf,
    actionsOf: (service) => 1 + parentsOf(service).length,
    find: async (services) => (await client.findTogether({ services: services.map(({ id }) => id) })).services,
    createTogether: (services) => client.createTogether({ services }),
    createAlone: (service) => client.createService(service),
  };
}

export function taskPhase(client: DeallocatorClient): Phase<SnapshotTask> {
  const networksOf = ({ serviceId, id, networks }: SnapshotTask) =>
    client.taskNetworks ? referencedNetworks(taskKey(serviceId, id), taskNetworkLists(networks)) : [];
  return {
    name: 'tasks',
    kind: 'task',
    nameOf: taskName,
    parentsOf: (task) => [
      itemName({ kind: 'service', id: task.serviceId }),
      ...networksOf(task).map((id) => itemName(referredTo(id))),
    ],
    actionsOf: (task) => 1 + networksOf(task).length,
    find: async (tasks) =>
      (await client.findTogether({ tasks: tasks.map(({ serviceId, id }) => ({ serviceId, id })) })).tasks,
    createTogether: (tasks) => client.createTogether({ tasks }),
    createAlone: ({ serviceId, ...task }) => client.createTask(serviceId, task as NewTask),
  };
}

export interface Group<T> {
  readonly objects: readonly T[];
  /** What its transaction fences. */
  readonly parents: ReadonlySet<string>;
}

/** As many objects as fit one transaction, in their order. */
export function groupsOf<T extends Entry>(phase: Phase<T>, objects: readonly T[]): Group<T>[] {
  const groups: { objects: T[]; parents: Set<string> }[] = [];
  let actions = Number.POSITIVE_INFINITY;
  let characters = 0;
  for (const object of objects) {
    const parents = phase.parentsOf(object);
    const size = JSON.stringify(object).length;
    const known = groups.at(-1)?.parents;
    const fences = parents.filter((parent) => !known?.has(parent)).length;
    const isFull =
      actions + fences + phase.actionsOf(object) > TRANSACTION_ACTIONS_MAX ||
      characters + size > TRANSACTION_CHARACTERS_MAX;
    if (isFull) {
      groups.push({ objects: [], parents: new Set() });
      actions = 0;
      characters = 0;
    }
    actions += (isFull ? parents.length : fences) + phase.actionsOf(object);
    characters += size;
    groups.at(-1)?.objects.push(object);
    for (const parent of parents) groups.at(-1)?.parents.add(parent);
  }
  return groups;
}
