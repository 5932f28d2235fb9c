/** What makes a short story dense: a small cast in a world that has a past, and actions that mostly can be done. */

import { itemName } from '../../lib/lifecycle/keys.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import type { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { network, service, task } from '../support/objects.ts';
import { taskKey } from '../support/swarmkit.ts';
import type { Dials } from './dials.ts';
import { type Action, type Cast, randomAction } from './writers.ts';

/** Draws of an action until one can be done: some refusals are part of every story. */
const ACTION_DRAWS_MAX = 4;
/** How much of a cast has been there long ago, and how much of that has just been marked. */
const THERE = 0.7;
const MARKED = 0.4;
const MARKED_OF_DRAINING = 0.9;

/** Small worlds, so that the same parents meet often. */
export function drawCast(
  draw: () => number,
  { raw, crowded, gathers, servicesMax = crowded ? 2 : 3, choices, protects }: Dials,
): Cast {
  const below = (count: number) => Math.floor(draw() * count);
  return {
    // Where there is no crowd, enough for a sweep to find several pages.
    services: ['web', 'api', 'job', 'log'].slice(0, 1 + below(servicesMax)),
    networks: ['front', 'back', 'side'].slice(0, below(crowded ? 3 : 4)),
    tasks: ['t1', 't2', 't3'].slice(0, 1 + below(3)),
    raw,
    drains: gathers,
    protects,
    ends: choices?.taskIsGone === 'terminal',
    attachesTasks: choices?.taskNetworks,
  };
}

const toTarget = (target: string) => ({ target });

/**
 * Services with networks and tasks, as the client would have left them long ago; some have just been marked.
 *
 * @param isAttached false: nobody has declared then that they hold anything
 */
export function populate(tables: MemoryTables, cast: Cast, draw: () => number, isAttached = true): void {
  const some = <T>(items: readonly T[]) => items.filter(() => draw() < THERE);
  const networks = some(cast.networks);
  const services = some(cast.services).map((id) => ({ id, used: some(networks) }));
  for (const id of networks) tables.put('networks', network(id));
  for (const { id, used } of services) {
    tables.put('services', service(id, used));
    for (const one of isAttached ? used : [])
      tables.put('attachments', { held: `network#${one}`, holder: `service#${id}` });
    // Half of the services run nothing, and go at once when they are marked.
    for (const name of draw() < (cast.drains ? THERE : 0.5) ? some(cast.tasks) : []) {
      const held = cast.attachesTasks ? some(networks) : [];
      tables.put('tasks', { ...task(id, name), ...(cast.attachesTasks && { networks: held.map(toTarget) }) });
      const holder = itemName(taskKey(id, name));
      for (const one of isAttached ? held : []) tables.put('attachments', { held: `network#${one}`, holder });
    }
  }
  for (const records of Object.values(tables.streams)) records.length = 0;
  const mark = (id: string) => ({ pendingDelete: true, markedAt: `2025-12-31T23:59:00.000Z#${id}` });
  for (const id of networks) if (draw() < MARKED) tables.put('networks', network(id, mark(id)));
  const marked = cast.drains ? MARKED_OF_DRAINING : MARKED;
  for (const { id, used } of services) if (draw() < marked) tables.put('services', service(id, used, mark(id)));
}

export function drawAction(cast: Cast, world: World, draw: () => number): Action {
  let action = randomAction(cast, draw);
  for (let draws = 1; draws < ACTION_DRAWS_MAX && !canBeDone(action, world); draws++) action = randomAction(cast, draw);
  return action;
}

/** As far as a look at the tables tells; another process may be faster. */
function canBeDone(action: Action, world: World): boolean {
  const find = (kind: string, id: string) =>
    (kind === 'service' ? world.services : world.networks).find((parent) => parent.id === id);
  const isMarked = (kind: string, id: string) => find(kind, id)?.pendingDelete === true;
  const isFit = (kind: string, id: string) => find(kind, id) !== undefined && !isMarked(kind, id);
  const areFit = (networks: readonly string[]) => networks.every((id) => isFit('network', id));
  const hasTask = ({ serviceId, id }: { serviceId: string; id: string }) =>
    world.tasks.some((one) => one.serviceId === serviceId && one.id === id);
  switch (action.do) {
    case 'createNetwork':
      return find('network', action.id) === undefined;
    case 'createService':
      return find('service', action.id) === undefined && areFit(action.networks);
    case 'rawCreateService':
      return find('service', action.id) === undefined;
    case 'updateService':
      return isFit('service', action.id) && areFit(action.networks);
    case 'createTask':
      return isFit('service', action.serviceId) && !hasTask(action) && areFit(action.networks ?? []);
    case 'rawCreateTask':
      return isFit('service', action.serviceId) && !hasTask(action);
    case 'rawUpdateTask':
    case 'deleteTask':
    case 'endTask':
      return hasTask(action);
    case 'protect':
      return find(action.kind, action.id) !== undefined;
    case 'unprotect':
      return find(action.kind, action.id)?.protected === true;
    case 'mark':
    case 'rawMark':
      return isFit(action.kind, action.id);
    default:
      return isMarked(action.kind, action.id);
  }
}
