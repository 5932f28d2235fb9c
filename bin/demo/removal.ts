/** Removes a stack while its tasks stop one by one and the other stacks go on. */

import { setTimeout as pause } from 'node:timers/promises';
import type { DeallocatorClient } from '../../lib/client/client.ts';
import type { Removal } from '../../lib/client/types.ts';
import { STACK_LABEL } from '../../lib/operate/names.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { groupBy } from '../../lib/protocol/parallel.ts';
import { DRAIN_MILLIS, FIRST_DRAIN_MILLIS, NEW_SERVICE_TASKS, REPLACE_EVERY_MILLIS, STOPS_MAX } from './limits.ts';
import type { Random } from './random.ts';
import type { StackRemoval } from './stack-removal.ts';

export interface MarkedParent extends Removal {
  readonly kind: 'service' | 'network';
}

/** Services first: so each network is free as soon as its last service is gone. */
export async function markStack(client: DeallocatorClient, plan: StackRemoval): Promise<MarkedParent[]> {
  const marked: MarkedParent[] = [];
  for (const id of plan.services) marked.push({ kind: 'service', ...(await client.removeService(id)) });
  for (const id of plan.networks) {
    marked.push({ kind: 'network', ...(await client.removeNetwork(id, { whenInUse: 'wait' })) });
  }
  return marked;
}

/** Tries what the fence forbids, and returns its refusal. Undefined: it let the task in. */
export async function tryFence(client: DeallocatorClient, serviceId: string): Promise<string | undefined> {
  try {
    await client.createTask(serviceId, { id: 'latecomer' });
  } catch (error) {
    if (isDeallocatorError(error, 'FailedPrecondition')) return error.message;
    throw error;
  }
  return undefined;
}

/** A service with tasks: until they stop, it is marked and still there. */
export function findServiceWithTasks(
  plan: StackRemoval,
  tasks: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  return plan.services.find((id) => (tasks.get(id)?.length ?? 0) > 0);
}

interface Stop {
  readonly serviceId: string;
  readonly id: string;
  readonly atMillis: number;
}

/** Each service drains at a pace of its own, its tasks in any order. */
export function planStops(tasks: ReadonlyMap<string, readonly string[]>, random: Random): Stop[] {
  // The smallest first, and soon.
  const [first] = [...tasks].filter(([, ids]) => ids.length > 0).sort(([, a], [, b]) => a.length - b.length);
  const stops = [...tasks].flatMap(([serviceId, ids]) => {
    const share = 0.4 + 0.6 * random.fraction();
    const lastMillis = serviceId === first?.[0] ? FIRST_DRAIN_MILLIS : DRAIN_MILLIS * share;
    return ids.map((id) => ({ serviceId, id, atMillis: lastMillis * random.fraction() }));
  });
  return stops.toSorted((a, b) => a.atMillis - b.atMillis);
}

export async function stopTasks(
  client: DeallocatorClient,
  stops: readonly Stop[],
  onStopped: (serviceId: string, count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const startMillis = performance.now();
  const atATime = Math.max(1, Math.ceil(stops.length / STOPS_MAX));
  for (let from = 0; from < stops.length; from += atATime) {
    const group = stops.slice(from, from + atATime);
    const atMillis = group.at(-1)?.atMillis ?? 0;
    await pause(Math.max(0, atMillis - (performance.now() - startMillis)), undefined, { signal });
    for (const [serviceId, some] of groupBy(group, (stop) => stop.serviceId)) {
      await client.deleteTasks(
        serviceId,
        some.map(({ id }) => id),
      );
      onStopped(serviceId, some.length);
    }
  }
}

/** What the other stacks have done so far. */
export interface OthersDone {
  replacedTasks: number;
  updatedServices: string[];
  /** With the number of tasks of each. */
  newServices: Map<string, number>;
}

/** Tasks replaced by new ones; one service updated; one created on a network that the removed stack uses too. */
export async function liveOn(
  client: DeallocatorClient,
  snapshot: Snapshot,
  plan: StackRemoval,
  random: Random,
  done: OthersDone,
  signal: AbortSignal,
): Promise<void> {
  const kept = new Set(plan.keptServices.map(({ id }) => id));
  const tasks = snapshot.tasks.filter(({ serviceId }) => kept.has(serviceId)).map((task) => ({ ...task }));
  for (let turn = 1; await pauses(REPLACE_EVERY_MILLIS, signal); turn++) {
    const old = random.pick(tasks);
    if (old !== undefined) {
      const { serviceId, ...task } = old;
      // As a scheduler does it: the new one first, so that the service never has fewer than it wants.
      const id = freeId(
        `replacement-${turn}`,
        tasks.map((other) => other.id),
      );
      await client.createTask(serviceId, { ...task, id });
      await client.deleteTask(serviceId, task.id);
      tasks[tasks.indexOf(old)] = { ...old, id };
      done.replacedTasks++;
    }
    const updated = turn === 4 ? random.pick(plan.keptServices) : undefined;
    if (updated !== undefined) {
      await client.updateService(updated.id, (spec) => ({ ...spec, task: { ...spec.task, forceUpdate: 1 } }));
      done.updatedServices.push(updated.id);
    }
    if (turn === 7) await createNewService(client, snapshot, plan, done);
  }
}

async function createNewService(
  client: DeallocatorClient,
  snapshot: Snapshot,
  plan: StackRemoval,
  done: OthersDone,
): Promise<void> {
  const stack = plan.keptServices.find((service) => service.stack !== undefined)?.stack;
  const [network] = plan.sharedNetworks;
  if (stack === undefined || network === undefined) return;
  const id = freeId(
    `${stack}_newcomer`,
    snapshot.services.map((service) => service.id),
  );
  const annotations = { name: id, labels: { [STACK_LABEL]: stack } };
  await client.createService({ id, spec: { annotations, task: { networks: [{ target: network }] } } });
  const tasks = Array.from({ length: NEW_SERVICE_TASKS }, (_, index) => ({ id: `${id}.${index + 1}` }));
  await client.createTasks(id, tasks);
  done.newServices.set(id, tasks.length);
}

function freeId(wanted: string, taken: readonly string[]): string {
  return taken.includes(wanted) ? freeId(`${wanted}_`, taken) : wanted;
}

/** False once the signal has come, which ends a loop and is no error. */
async function pauses(millis: number, signal: AbortSignal): Promise<boolean> {
  await pause(millis, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}
