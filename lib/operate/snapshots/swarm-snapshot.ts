/**
 * What Docker's Engine API says of a swarm, as entries of a snapshot: the objects of `GET /services`, `/tasks` and
 * `/networks`, which `docker service inspect`, `docker inspect` and `docker network inspect` print too.
 *
 * The entries have ids, names, labels, a service's networks, and a task's state, place and networks. Secrets, environments and
 * the rest of the specs are not imported.
 */
import { type Entry, isMap, shown } from '../values.ts';
import { asMap, invalid, type LeftOut, type Parts, type Placed } from './snapshot.ts';

/** An object that is not imported, while the rest is. */
export interface Unusable extends LeftOut {
  /** Its file and path, such as `tasks.json: [3]`. */
  readonly where: string;
}

export type SwarmKind = keyof Parts;

/** On SwarmKit's copies of each node's bridge and host network, which no list of networks shows. */
const PREDEFINED_LABEL = 'com.docker.swarm.predefined';
/** On the ingress network of Docker before 17.05. */
const INTERNAL_LABEL = 'com.docker.swarm.internal';

/** By what only one kind has: a network `Id` and `Scope`, a service a task template, a task a desired state. */
export function swarmKindOf(entry: Entry): SwarmKind | undefined {
  if (typeof entry.Id === 'string' && typeof entry.Scope === 'string') return 'networks';
  if (typeof entry.ID !== 'string') return undefined;
  if (isMap(entry.Spec) && isMap(entry.Spec.TaskTemplate)) return 'services';
  return typeof entry.DesiredState === 'string' ? 'tasks' : undefined;
}

/**
 * `knownNetworks` are those of snapshots, to which a service of the swarm may refer as well. Left out is what holds back nothing
 * that is imported:
 *
 * - networks that each node has for itself (`bridge`, `host`, …), and references to them;
 * - tasks without a service (a `docker run` on an attachable network), and tasks of a service that is not given, such as one
 *   that has just been removed;
 * - a task's attachment to a network that is not given: mostly a stopped task's, to a network that is gone.
 *
 * Other attachments of tasks are kept as `networks`: where the deployment's `taskNetworks` is on, a network waits for tasks too.
 *
 * Fails with `InvalidArgument` at a service that refers to a network that is not given, or by a name that two networks have:
 * without that reference the network would seem unused.
 */
export function readSwarm(swarm: Parts, knownNetworks: readonly Placed[]): { parts: Parts; unusable: Unusable[] } {
  const networks: Placed[] = [];
  const reading: Reading = {
    directory: new NetworkDirectory(),
    serviceIds: new Set(swarm.services.map(({ entry }) => entry.ID)),
    missingNetworks: new Set(),
    unusable: [],
  };
  const { directory, unusable } = reading;
  const leaveOut = (where: string, id: unknown, name: unknown) => {
    const reason = `network ${shown(name)} is not the swarm's: each node has it for itself, so there is nothing to coordinate`;
    if (directory.addLocal(id, name)) unusable.push({ where, object: `network#${id}`, reason });
  };
  for (const { entry } of knownNetworks) {
    directory.add(
      entry.id,
      isMap(entry.spec) && isMap(entry.spec.annotations) ? entry.spec.annotations.name : undefined,
    );
  }
  for (const { where, entry } of swarm.networks) {
    if (entry.Scope !== 'swarm' || isPredefined(entry.Labels)) {
      leaveOut(where, entry.Id, entry.Name);
    } else {
      directory.add(entry.Id, entry.Name);
      networks.push({ where, entry: networkOf(where, entry) });
    }
  }
  // Only tasks tell that an id is a predefined network's.
  for (const { where, entry } of swarm.tasks) {
    for (const { ID, Spec } of attachedNetworks(entry)) {
      if (isMap(Spec) && isPredefined(Spec.Labels)) leaveOut(where, ID, Spec.Name);
    }
  }
  const services = swarm.services.map(({ where, entry }) => ({ where, entry: serviceOf(where, entry, reading) }));
  const tasks = swarm.tasks.flatMap(({ where, entry }): Placed[] => {
    const task = taskOf(where, entry, reading);
    return task === undefined ? [] : [{ where, entry: task }];
  });
  return { parts: { networks, services, tasks }, unusable };
}

interface Reading {
  readonly directory: NetworkDirectory;
  readonly serviceIds: ReadonlySet<unknown>;
  /** Networks of tasks that are not given, each reported once. */
  readonly missingNetworks: Set<unknown>;
  readonly unusable: Unusable[];
}

function isPredefined(labels: unknown): boolean {
  return isMap(labels) && labels[PREDEFINED_LABEL] === 'true';
}

function networkOf(where: string, { Id, Name, Labels, Attachable, Ingress }: Entry): Entry {
  const isInternal = isMap(Labels) && Labels[INTERNAL_LABEL] !== undefined;
  const isIngress = Ingress === true || (Name === 'ingress' && isInternal);
  return {
    id: Id,
    spec: {
      annotations: annotationsOf(where, Name, Labels),
      ...(Attachable === true && { attachable: true }),
      ...(isIngress && { ingress: true }),
    },
    // Published ports go through it though no service refers to it, so it must stay while it seems unused.
    ...(isIngress && { protected: true }),
  };
}

/** SwarmKit's rule chooses between the lists as they are given; then local networks are left out. */
function serviceOf(where: string, { ID, Spec }: Entry, { directory, unusable }: Reading): Entry {
  const spec = Spec as Entry;
  const ofTask = listOf(`${where}.Spec.TaskTemplate.Networks`, (spec.TaskTemplate as Entry).Networks);
  const ofService = listOf(`${where}.Spec.Networks`, spec.Networks);
  const isOldStyle = ofTask.length === 0;
  const path = `${where}.Spec.${isOldStyle ? '' : 'TaskTemplate.'}Networks`;
  const networks = new Set<unknown>();
  for (const [index, entry] of (isOldStyle ? ofService : ofTask).entries()) {
    const target = isMap(entry) ? entry.Target : undefined;
    const found = directory.find(`${path}[${index}].Target`, target);
    if (found === LOCAL) {
      const reason = `its reference to network ${shown(target)} was left out: each node has that network for itself`;
      unusable.push({ where, object: `service#${ID}`, reason });
    } else {
      networks.add(found.id);
    }
  }
  const targets = [...networks].map((target) => ({ target }));
  const annotations = annotationsOf(`${where}.Spec`, spec.Name, spec.Labels);
  return { id: ID, spec: { annotations, ...(isOldStyle ? { networks: targets } : { task: { networks: targets } }) } };
}

function taskOf(where: string, task: Entry, reading: Reading): Entry | undefined {
  const { directory, serviceIds, missingNetworks, unusable } = reading;
  const { ID, ServiceID, Slot, NodeID, Status, DesiredState } = task;
  const attached = attachedNetworks(task).map(({ ID }) => ID);
  if (typeof ServiceID !== 'string' || ServiceID === '') {
    const networks = attached.length > 0 ? `; it does not hold back network ${attached.join(', ')}` : '';
    const reason = `it has no service, as a container of docker run, and tasks are kept under their service${networks}`;
    unusable.push({ where, object: `task#${ID}`, reason });
    return undefined;
  }
  if (!serviceIds.has(ServiceID)) {
    const reason = `its service ${ServiceID} is not given: it was removed meanwhile, or its file is missing`;
    unusable.push({ where, object: `task#${ID}`, reason });
    return undefined;
  }
  for (const id of attached) {
    if (directory.has(id) || directory.isLocal(id) || missingNetworks.has(id)) continue;
    missingNetworks.add(id);
    const reason = `its tasks' attachments were left out, first that of task ${ID}: it is gone, or its file is missing`;
    unusable.push({ where, object: `network#${id}`, reason });
  }
  const networks = attached.filter((id) => directory.has(id)).map((target) => ({ target }));
  const state = isMap(Status) ? Status.State : undefined;
  return {
    serviceId: ServiceID,
    id: ID,
    ...(Slot !== undefined && { slot: Slot }), // a global service's task has none
    ...(NodeID !== undefined && { nodeId: NodeID }), // nor has one without a node yet
    ...(state !== undefined && { status: { state } }),
    desiredState: DesiredState,
    ...(networks.length > 0 && { networks }),
  };
}

function annotationsOf(where: string, name: unknown, labels: unknown): Entry {
  if (typeof name !== 'string') throw invalid(`${where}.Name is ${shown(name)}; it must be a string`);
  if (labels === undefined || labels === null) return { name };
  return { name, labels: asMap(`${where}.Labels`, labels) };
}

/** Go prints an empty list as `null`, or leaves it out. */
function listOf(where: string, list: unknown): readonly unknown[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw invalid(`${where} is ${shown(list)}; it must be a list`);
  return list;
}

function attachedNetworks(task: Entry): Entry[] {
  const attachments = Array.isArray(task.NetworksAttachments) ? task.NetworksAttachments : [];
  return attachments.flatMap((entry: unknown) => (isMap(entry) && isMap(entry.Network) ? [entry.Network] : []));
}

const LOCAL = Symbol('local');

/** Docker accepts a network's id or its name everywhere, and tries the id first. */
class NetworkDirectory {
  readonly #ids = new Set<unknown>();
  readonly #idsByName = new Map<unknown, Set<unknown>>();
  readonly #local = new Set<unknown>();

  add(id: unknown, name: unknown): void {
    this.#ids.add(id);
    if (typeof name === 'string') this.#idsByName.set(name, (this.#idsByName.get(name) ?? new Set()).add(id));
  }

  /** Ids and names in one set, since the swarm's networks of that id or name come first. False if it was known. */
  addLocal(id: unknown, name: unknown): boolean {
    const isNew = !this.#local.has(id);
    this.#local.add(id);
    this.#local.add(name);
    return isNew;
  }

  isLocal(id: unknown): boolean {
    return this.#local.has(id);
  }

  has(id: unknown): boolean {
    return this.#ids.has(id);
  }

  find(where: string, target: unknown): { readonly id: unknown } | typeof LOCAL {
    if (this.#ids.has(target)) return { id: target };
    const ids = [...(this.#idsByName.get(target) ?? [])];
    if (ids.length > 1) {
      throw invalid(
        `${where} is ${shown(target)}, a name that networks ${ids.join(', ')} have; name one of them by its id`,
      );
    }
    if (ids.length === 1) return { id: ids[0] };
    if (target !== undefined && this.#local.has(target)) return LOCAL;
    throw invalid(
      `${where} is ${shown(target)}, and no such network is given; add what docker network inspect prints for it`,
    );
  }
}
