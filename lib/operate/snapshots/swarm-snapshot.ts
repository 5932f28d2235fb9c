/**
 * What Docker's Engine API says of a swarm, as entries of a snapshot: the objects of `GET /services`, `/tasks` and
 * `/networks`, which `docker service inspect`, `docker inspect` and `docker network inspect` print too.
 *
 * The entries have ids, names, labels, a service's networks, and a task's state, place and networks. Secrets, environments and
 * the rest of the specs are not imported.
 */
import { shown } from '../../protocol/arguments.ts';
import { type Entry, isMap } from '../values.ts';
import { type Known, tasksToldBy } from './lacks.ts';
import { byList, type ListName, sharedAmong } from './lists.ts';
import { LOCAL, NetworkDirectory } from './network-directory.ts';
import { type FieldNames, type Parts, type Placed, SNAPSHOT_FIELDS } from './snapshot.ts';
import { annotationsOf, listOf, versionOf } from './swarm-fields.ts';
import { containerOf, readShared, SharedDirectory, type SharedReading, sharedListOf } from './swarm-shared.ts';
import type { Gathered, Unusable } from './unusable.ts';

/** On SwarmKit's copies of each node's bridge and host network, which no list of networks shows. */
const PREDEFINED_LABEL = 'com.docker.swarm.predefined';
/** On the ingress network of Docker before 17.05. */
const INTERNAL_LABEL = 'com.docker.swarm.internal';

/** By what only one kind has: a network `Id` and `Scope`, a service a task template, a task a desired state. */
export function swarmKindOf(entry: Entry, lists: readonly ListName[]): ListName | undefined {
  if (typeof entry.Id === 'string' && typeof entry.Scope === 'string') return 'networks';
  if (typeof entry.ID === 'string' && isMap(entry.Spec) && isMap(entry.Spec.TaskTemplate)) return 'services';
  if (typeof entry.ID === 'string' && typeof entry.DesiredState === 'string') return 'tasks';
  const shared = sharedListOf(entry);
  return shared !== undefined && lists.includes(shared) ? shared : undefined;
}

/** How Docker calls what is checked. */
const DOCKER_FIELDS: Readonly<Record<'networks' | 'services' | 'tasks', FieldNames>> = {
  networks: { ...SNAPSHOT_FIELDS, id: 'Id', labels: 'Labels' },
  services: {
    ...SNAPSHOT_FIELDS,
    id: 'ID',
    labels: 'Spec.Labels',
    taskNetworks: 'Spec.TaskTemplate.Networks',
    networks: 'Spec.Networks',
    target: 'Target',
  },
  tasks: { ...SNAPSHOT_FIELDS, id: 'ID', serviceId: 'ServiceID' },
};

/** What the files refer to and don't hold, by its id or its name: it may be in the tables. */
export type Missing = Readonly<Record<ListName, ReadonlySet<string>>>;

export interface SwarmRead {
  readonly parts: Parts;
  readonly unusable: readonly Unusable[];
  readonly missing: Missing;
  /** Tasks that were left out since their service is not known. */
  readonly orphans: readonly string[];
}

/**
 * `known` are the networks and services of snapshots and tables, to which the swarm may refer as well. Left out is what holds
 * back nothing that is imported:
 *
 * - networks that each node has for itself (`bridge`, `host`, …), and references to them;
 * - tasks without a service (a `docker run` on an attachable network), and tasks of a service that is not known, such as one
 *   that has just been removed;
 * - a task's attachment to a network that is not known: mostly a stopped task's, to a network that is gone.
 *
 * Other attachments of tasks are kept as `networks`: where the deployment's `taskNetworks` is on, a network waits for tasks too.
 *
 * Gathered as faults are services that refer to a network that is not known, or by a name that two networks have: without that
 * reference the network would seem unused.
 */
export function readSwarm(
  swarm: Parts,
  { known, lists }: { readonly known: Known; readonly lists: readonly ListName[] },
  faults: Gathered,
): SwarmRead {
  const networks: Placed[] = [];
  const shared = new SharedDirectory();
  const reading: Reading = {
    directory: new NetworkDirectory(),
    serviceIds: new Set([...swarm.services.map(({ entry }) => entry.ID), ...known.services]),
    missing: byList(() => new Set<string>()),
    shared: { lists: sharedAmong(lists), directory: shared },
    reported: new Set(),
    unusable: [],
    orphans: [],
  };
  const { directory, unusable, missing, orphans } = reading;
  const leaveOut = (where: string, id: unknown, name: unknown) => {
    const reason = `network ${shown(name)} is not the swarm's: each node has it for itself, so there is nothing to coordinate`;
    if (directory.addLocal(id, name)) unusable.push({ where, object: `network#${id}`, reason });
  };
  for (const { id, name } of known.networks) directory.add(id, name);
  for (const { where, entry } of swarm.networks) {
    if (entry.Scope !== 'swarm' || isPredefined(entry.Labels)) {
      leaveOut(where, entry.Id, entry.Name);
      continue;
    }
    // Known even if it can't be used: what refers to it then hangs on it, and is not said to refer to nothing.
    directory.add(entry.Id, entry.Name);
    const network = faults.attempt({ where, object: `network#${entry.Id}` }, () => networkOf(where, entry));
    if (network !== undefined) networks.push({ where, entry: network, fields: DOCKER_FIELDS.networks });
  }
  // Only tasks tell that an id is a predefined network's.
  for (const { where, entry } of swarm.tasks) {
    for (const { ID, Spec } of attachedNetworks(entry)) {
      if (isMap(Spec) && isPredefined(Spec.Labels)) leaveOut(where, ID, Spec.Name);
    }
  }
  for (const list of sharedAmong(lists)) for (const id of known[list] ?? []) shared.add(list, id);
  const parts = byList((list) => {
    const [own] = sharedAmong([list]);
    return own !== undefined && lists.includes(own) ? readShared(swarm, own, shared, faults) : [];
  });
  const services = swarm.services.flatMap(({ where, entry }): Placed[] => {
    const told = { name: (entry.Spec as Entry).Name, version: versionOf(entry), tasks: tasksToldBy(entry) };
    const place = { where, object: `service#${entry.ID}` };
    const service = faults.attempt(place, () => serviceOf(where, entry, reading), notWaiting(told.name));
    return service === undefined ? [] : [{ where, entry: service, fields: DOCKER_FIELDS.services, told }];
  });
  const tasks = swarm.tasks.flatMap(({ where, entry }): Placed[] => {
    const task = taskOf(where, entry, reading);
    const told = { version: versionOf(entry) };
    return task === undefined ? [] : [{ where, entry: task, fields: DOCKER_FIELDS.tasks, told }];
  });
  return { parts: { ...parts, networks, services, tasks }, unusable, missing, orphans };
}

function notWaiting(name: unknown): string {
  return typeof name === 'string' ? ` (service ${name})` : '';
}

interface Reading {
  readonly directory: NetworkDirectory;
  readonly serviceIds: ReadonlySet<unknown>;
  readonly missing: Readonly<Record<ListName, Set<string>>>;
  readonly shared: Pick<SharedReading, 'lists' | 'directory'>;
  /** Networks of tasks that are not known, each reported once. */
  readonly reported: Set<unknown>;
  readonly unusable: Unusable[];
  readonly orphans: string[];
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
function serviceOf(where: string, service: Entry, { directory, unusable, missing, shared }: Reading): Entry {
  const { ID, Spec } = service;
  const spec = Spec as Entry;
  const ofTask = listOf(`${where}.Spec.TaskTemplate.Networks`, (spec.TaskTemplate as Entry).Networks);
  const ofService = listOf(`${where}.Spec.Networks`, spec.Networks);
  const isOldStyle = ofTask.length === 0;
  const path = `${where}.Spec.${isOldStyle ? '' : 'TaskTemplate.'}Networks`;
  const networks = new Set<unknown>();
  for (const entry of isOldStyle ? ofService : ofTask) {
    if (isMap(entry) && typeof entry.Target === 'string' && !directory.knows(entry.Target)) {
      missing.networks.add(entry.Target);
    }
  }
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
  const container = containerOf(where, service, { ...shared, unusable, missing });
  const task = { ...(!isOldStyle && { networks: targets }), ...(container && { container }) };
  const hasTask = !isOldStyle || container !== undefined;
  return { id: ID, spec: { annotations, ...(isOldStyle && { networks: targets }), ...(hasTask && { task }) } };
}

function taskOf(where: string, task: Entry, reading: Reading): Entry | undefined {
  const { directory, serviceIds, missing, reported, unusable, orphans } = reading;
  const { ID, ServiceID, Slot, NodeID, Status, DesiredState } = task;
  const attached = attachedNetworks(task).map(({ ID }) => ID);
  if (typeof ServiceID !== 'string' || ServiceID === '') {
    const networks = attached.length > 0 ? `; it does not hold back network ${attached.join(', ')}` : '';
    const reason = `it has no service, as a container of docker run, and tasks are kept under their service${networks}`;
    unusable.push({ where, object: `task#${ID}`, reason });
    return undefined;
  }
  if (!serviceIds.has(ServiceID)) {
    missing.services.add(ServiceID);
    orphans.push(`task#${ID}`);
    const reason = `its service ${ServiceID} is not given: it was removed meanwhile, or its file is missing`;
    unusable.push({ where, object: `task#${ID}`, reason, cause: `service#${ServiceID}` });
    return undefined;
  }
  for (const id of attached) {
    if (directory.has(id) || directory.isLocal(id) || reported.has(id)) continue;
    reported.add(id);
    if (typeof id === 'string') missing.networks.add(id);
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

function attachedNetworks(task: Entry): Entry[] {
  const attachments = Array.isArray(task.NetworksAttachments) ? task.NetworksAttachments : [];
  return attachments.flatMap((entry: unknown) => (isMap(entry) && isMap(entry.Network) ? [entry.Network] : []));
}
