/**
 * What must be there after a stack was removed, worked out from the snapshot alone, without the deallocator's own rules and
 * readers: so a mistake in those shows.
 */

import { STACK_LABEL } from '../../lib/operate/names.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import { groupBy } from '../../lib/protocol/parallel.ts';

export interface KeptNetwork {
  readonly id: string;
  readonly stack: string | undefined;
  /** Its users, if it is marked with its stack and kept for them. Empty for a network that is not marked. */
  readonly waitsFor: readonly { readonly id: string; readonly stack: string | undefined }[];
}

export interface StackRemoval {
  readonly stack: string;
  /** Ids of what is marked. All of these services go, and all of these networks but the kept ones. */
  readonly services: readonly string[];
  readonly networks: readonly string[];
  readonly goneNetworks: readonly string[];
  readonly keptServices: readonly { readonly id: string; readonly stack: string | undefined; readonly tasks: number }[];
  readonly keptNetworks: readonly KeptNetwork[];
  /** Ids of kept networks that are not marked, and that services of the stack use too. */
  readonly sharedNetworks: readonly string[];
}

/** The stack that an object belongs to, if any. */
export function stackOf({ spec }: { readonly spec?: unknown }): string | undefined {
  const { annotations } = (spec ?? {}) as {
    readonly annotations?: { readonly labels?: Readonly<Record<string, string>> };
  };
  return annotations?.labels?.[STACK_LABEL];
}

/** Stacks that have a service, each once, in the order of the services. */
export function listStacks(snapshot: Snapshot): string[] {
  return [...new Set(snapshot.services.map(stackOf).filter((stack) => stack !== undefined))];
}

/** `NotFound` for a stack without services. */
export function planStackRemoval(snapshot: Snapshot, stack: string): StackRemoval {
  const isOfStack = (object: { readonly spec?: unknown }) => stackOf(object) === stack;
  const services = snapshot.services.filter(isOfStack);
  const others = snapshot.services.filter((service) => !isOfStack(service));
  if (services.length === 0) {
    const stacks = listStacks(snapshot);
    const there = stacks.length === 0 ? 'no service of it has a stack label' : `it has: ${stacks.join(', ')}`;
    throw new DeallocatorError('NotFound', `stack ${stack} is not in the snapshot; ${there}`);
  }
  const taskCounts = groupBy(snapshot.tasks, ({ serviceId }) => serviceId);
  const keptServices = others.map((service) => ({
    id: service.id,
    stack: stackOf(service),
    tasks: taskCounts.get(service.id)?.length ?? 0,
  }));
  const networks = snapshot.networks.filter(isOfStack).map(({ id }) => id);
  const users = (id: string) =>
    others
      .filter((service) => networksOf(service).has(id))
      .map((service) => ({ id: service.id, stack: stackOf(service) }));
  const goneNetworks = networks.filter((id) => users(id).length === 0);
  const keptNetworks = snapshot.networks
    .filter(({ id }) => !goneNetworks.includes(id))
    .map((network) => ({
      id: network.id,
      stack: stackOf(network),
      waitsFor: isOfStack(network) ? users(network.id) : [],
    }));
  const sharedNetworks = keptNetworks
    .filter(({ id }) => !networks.includes(id) && services.some((service) => networksOf(service).has(id)))
    .map(({ id }) => id);
  return {
    stack,
    services: services.map(({ id }) => id),
    networks,
    goneNetworks,
    keptServices,
    keptNetworks,
    sharedNetworks,
  };
}

/** Services that others created meanwhile, and how many tasks each has. */
export type NewServices = ReadonlyMap<string, number>;

/** A sentence for each difference from the plan. */
export function compareWithPlan(world: World, plan: StackRemoval, newServices: NewServices): string[] {
  const unexpected: string[] = [];
  const compare = (kind: string, found: readonly string[], expected: readonly string[]) => {
    for (const id of expected) {
      if (!found.includes(id)) unexpected.push(`${kind} ${id} is gone, and had to stay`);
    }
    for (const id of found) {
      if (!expected.includes(id)) unexpected.push(`${kind} ${id} is still there, and had to go`);
    }
  };
  const tasks = new Map([...plan.keptServices.map(({ id, tasks }) => [id, tasks] as const), ...newServices]);
  const services = world.services.map(({ id }) => id);
  compare('service', services, [...tasks.keys()]);
  const networks = world.networks.map(({ id }) => id);
  compare(
    'network',
    networks,
    plan.keptNetworks.map(({ id }) => id),
  );

  for (const [id, expected] of tasks) {
    const found = world.tasks.filter(({ serviceId }) => serviceId === id).length;
    if (found !== expected) unexpected.push(`service ${id} has ${found} tasks, and had to have ${expected}`);
  }
  const marked = (parents: World['services']) => parents.filter(({ pendingDelete }) => pendingDelete === true);
  for (const { id } of marked(world.services)) unexpected.push(`service ${id} is marked, and should not be`);
  for (const { id } of marked(world.networks)) {
    const { waitsFor = [] } = plan.keptNetworks.find((kept) => kept.id === id) ?? {};
    if (waitsFor.length === 0 && !plan.goneNetworks.includes(id)) {
      unexpected.push(`network ${id} is marked, and should not be`);
    }
  }
  for (const { id, waitsFor } of plan.keptNetworks) {
    const network = world.networks.find((found) => found.id === id);
    if (waitsFor.length > 0 && network !== undefined && network.pendingDelete !== true) {
      unexpected.push(`network ${id} has lost its mark`);
    }
  }
  return unexpected;
}

/** SwarmKit's rule, written anew: the task's networks, or the service's if the task has none. */
function networksOf({ spec }: Snapshot['services'][number]): Set<string> {
  const ofTask = spec?.task?.networks ?? [];
  const references = ofTask.length > 0 ? ofTask : (spec?.networks ?? []);
  return new Set(references.map(({ target }) => target));
}
