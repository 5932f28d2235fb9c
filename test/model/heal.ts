/** `lib/protocol/heal.ts`, and the sweep's look at the users of a marked network. */
import { repeat, settleIfConcerned } from './handler.ts';
import { pageHealed } from './learning.ts';
import { OUTCOME } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

const DONE = OUTCOME.done;

export function healedService(world: World, handler: number): number {
  const isSweep = (world.held(handler, S.WHO) & S.PATIENT) !== 0;
  return isSweep ? world.held(handler, S.COPY) - 1 : world.parentOf(handler);
}

export function healedNetworks(world: World, handler: number): number {
  if (world.parentOf(handler) === S.NOBODY) return (1 << world.layout.size.networks) - 1;
  const isSweep = (world.held(handler, S.WHO) & S.PATIENT) !== 0;
  return isSweep
    ? 1 << (world.parentOf(handler) - world.layout.size.services)
    : world.held(handler, S.ORIGIN) >> S.HEALS_SHIFT;
}

export function readHealed(world: World, handler: number): number {
  const service = healedService(world, handler);
  const isThere = world.get(service, S.ITEM) !== S.ABSENT;
  world.hold(handler, S.REFS, isThere ? world.nets(service) : S.ABSENT_REFS);
  world.hold(handler, S.PC, S.HEAL_ATTACHMENTS);
  return DONE;
}

export function readAttachments(world: World, handler: number): number {
  const { services, networks } = world.layout.size;
  const service = healedService(world, handler);
  const asRead = world.held(handler, S.REFS);
  let attached = 0;
  for (let n = 0; n < networks; n++) attached |= ((world.attached(services + n) >> service) & 1) << n;
  const refs = asRead === S.ABSENT_REFS ? 0 : asRead;
  const wrong = healedNetworks(world, handler) & (refs ^ attached);
  if (wrong === 0) {
    healed(world, handler);
    return DONE;
  }
  world.hold(handler, S.PLANNED, (wrong & refs) | ((wrong & ~refs) << 4));
  world.hold(handler, S.PC, S.HEAL);
  return DONE;
}

export function heal(world: World, handler: number): number {
  const { services, networks } = world.layout.size;
  const service = healedService(world, handler);
  const asRead = world.held(handler, S.REFS);
  const plan = world.held(handler, S.PLANNED);
  const isThere = world.get(service, S.ITEM) !== S.ABSENT;
  const isAsRead = isThere ? asRead === world.nets(service) : asRead === S.ABSENT_REFS;
  if (!isAsRead && world.rules.healCompares) {
    world.hold(handler, S.REFS, 0);
    world.hold(handler, S.PLANNED, 0);
    world.hold(handler, S.PC, S.HEAL_READ);
    return OUTCOME.cancelled;
  }
  for (let n = 0; n < networks; n++) {
    if ((plan >> n) & 1) world.attach(services + n, service);
    const isCounted = world.rules.removalCountsDown === 'each parent' || n === 0;
    if ((plan >> (4 + n)) & 1) world.detach(services + n, service, isCounted);
  }
  healed(world, handler);
  return OUTCOME.committed;
}

export function healed(world: World, handler: number): void {
  if (world.parentOf(handler) === S.NOBODY) {
    pageHealed(world, handler);
    return;
  }
  if ((world.held(handler, S.WHO) & S.PATIENT) === 0) {
    settleIfConcerned(world, handler);
    return;
  }
  // The sweep's look at the next user; it keeps those in ADD meanwhile.
  const left = world.held(handler, S.ADD);
  repeat(world, handler);
  if (left === 0) return;
  world.hold(handler, S.REFS, left);
  world.hold(handler, S.PC, S.SWEEP_USERS);
}

// sweep: before it settles a marked network, it looks whether each of its users still uses it

export function listAttachedOfMarked(world: World, handler: number): number {
  const users = world.attached(world.parentOf(handler));
  if (users === 0 || !world.rules.sweepHeals) repeat(world, handler);
  else {
    world.hold(handler, S.REFS, users);
    world.hold(handler, S.PC, S.SWEEP_USERS);
  }
  return DONE;
}

export function readUser(world: World, handler: number, service: number): number {
  const left = world.held(handler, S.REFS) & ~(1 << service);
  const bit = 1 << (world.parentOf(handler) - world.layout.size.services);
  const uses = world.get(service, S.ITEM) !== S.ABSENT && (world.nets(service) & bit) !== 0;
  if (!uses) {
    world.hold(handler, S.ADD, left);
    world.hold(handler, S.REFS, 0);
    world.hold(handler, S.COPY, service + 1);
    world.hold(handler, S.PC, S.HEAL_READ);
    return DONE;
  }
  world.hold(handler, S.REFS, left);
  if (left === 0) repeat(world, handler);
  return DONE;
}
