/** How the objects of each kind are looked for and created, and which of them fit one transaction. */
import type { DeallocatorClient } from '../../client/client.ts';
import type { NewTask } from '../../client/types.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { isDeallocatorError } from '../../protocol/errors.ts';
import { TRANSACTION_ACTIONS_MAX } from '../../protocol/limits.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { taskName } from '../names.ts';
import type { Entry } from '../values.ts';
import { KIND_OF, networksOf, type SharedList } from './lists.ts';
import { sharedReferences } from './shared.ts';
import type { NewShared, Snapshot, SnapshotTask } from './snapshot.ts';

/** Characters, as JSON, of what one transaction puts. In UTF-8 that is at most 3 MB, and a transaction holds 4 MB. */
const TRANSACTION_CHARACTERS_MAX = 1_000_000;

/** How the objects of a kind are looked for and created. */
export interface Phase<T extends Entry> {
  readonly name: keyof Snapshot;
  /** Whether its objects are marked before they are deleted. */
  readonly isGuarded: boolean;
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
    isGuarded: true,
    nameOf: ({ id }) => itemName({ kind: 'network', id }),
    parentsOf: () => [],
    actionsOf: () => 1,
    find: async (networks) => (await client.findTogether({ networks: networks.map(({ id }) => id) })).networks,
    createTogether: (networks) => client.createTogether({ networks }),
    createAlone: (network) => client.createNetwork(network),
  };
}

/** As the client of a lifecycle that has these knows them, by the names of their tables. */
interface SharedClient {
  get(kind: string, id: string): Promise<Entry>;
  createTogether(objects: Readonly<Partial<Record<SharedList, readonly NewShared[]>>>): Promise<void>;
}

export function sharedPhase(client: DeallocatorClient, list: SharedList): Phase<NewShared> {
  const shared = client as unknown as SharedClient;
  const create = (objects: readonly NewShared[]) => shared.createTogether({ [list]: objects });
  return {
    name: list,
    isGuarded: true,
    nameOf: ({ id }) => itemName({ kind: KIND_OF[list], id }),
    parentsOf: () => [],
    actionsOf: () => 1,
    find: (objects) =>
      thereAmong(
        (id) => shared.get(KIND_OF[list], id),
        objects.map(({ id }) => id),
      ),
    createTogether: create,
    createAlone: (object) => create([object]),
  };
}

/** Looks side by side, each for one object: a swarm has tens of these. */
const LOOKS_IN_PARALLEL = 16;

/** Those that are there. */
export async function thereAmong(get: (id: string) => Promise<Entry>, ids: readonly string[]): Promise<Entry[]> {
  const found = await mapInParallel(ids, LOOKS_IN_PARALLEL, async (id) => {
    try {
      return [await get(id)];
    } catch (error) {
      if (isDeallocatorError(error, 'NotFound')) return [];
      throw error;
    }
  });
  return found.flat();
}

/** @param shared what of its references beside those to networks counts */
export function servicePhase(
  client: DeallocatorClient,
  shared: readonly SharedList[],
): Phase<Snapshot['services'][number]> {
  const parentsOf = (service: Snapshot['services'][number]) => [
    ...networksOf('services', service),
    ...shared.flatMap((list) =>
      sharedReferences(service, list).map((id) => itemName({ kind: KIND_OF[list], id: String(id) })),
    ),
  ];
  return {
    name: 'services',
    isGuarded: true,
    nameOf: ({ id }) => itemName({ kind: 'service', id }),
    parentsOf,
    actionsOf: (service) => 1 + parentsOf(service).length,
    find: async (services) => (await client.findTogether({ services: services.map(({ id }) => id) })).services,
    createTogether: (services) => client.createTogether({ services }),
    createAlone: (service) => client.createService(service),
  };
}

export function taskPhase(client: DeallocatorClient): Phase<SnapshotTask> {
  const ownNetworks = (task: SnapshotTask) => (client.taskNetworks ? networksOf('tasks', task) : []);
  return {
    name: 'tasks',
    isGuarded: false,
    nameOf: taskName,
    parentsOf: (task) => [itemName({ kind: 'service', id: task.serviceId }), ...ownNetworks(task)],
    actionsOf: (task) => 1 + ownNetworks(task).length,
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
