/** The promises of docs/design.md §5 over the model's states. The words are those of `lib/protocol/invariants.ts`. */
import type { World as Tables } from '../../lib/protocol/invariants.ts';
import type { Broken } from './checker.ts';
import { nameOf } from './handler.ts';
import { isLearning } from './learning.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

/** Holds in every state. */
export function brokenAlways(world: World): Broken | undefined {
  const { layout } = world;
  for (let p = 0; p < layout.parents; p++) {
    const counter = world.get(p, S.COUNTER);
    if (counter !== 0 && counter !== S.UNREADABLE && world.bytes[S.DROPPED] === 0) {
      const children = world.children(p);
      const most = children + uncounted(world, p);
      if (counter - S.ZERO > most) {
        const name = nameOf(layout, p);
        const message = `the counter of ${name} says ${counter - S.ZERO}, but only ${children} children are left and ${most - children} removals are not counted yet`;
        return { promise: 'S7', message };
      }
    }
  }
  for (let s = 0; s < layout.size.services; s++) {
    const name = nameOf(layout, s);
    if (world.get(s, S.ITEM) === S.ABSENT && world.tasks(s) !== 0) {
      return { promise: 'S1', message: `a task is left of ${name}, which is gone` };
    }
    if (world.get(s, S.ITEM) === S.ABSENT && world.below(s).length > 0) {
      return { promise: 'S1', message: `${name} is gone, but something is still under it` };
    }
    for (let n = 0; n < layout.size.networks; n++) {
      const network = layout.size.services + n;
      const refers = ((world.nets(s) >> n) & 1) === 1;
      if (refers && world.get(network, S.ITEM) === S.ABSENT && !world.isUnprotected(network, s)) {
        return { promise: 'S2', message: `${name} refers to ${nameOf(layout, network)}, which is not there` };
      }
    }
  }
  return undefined;
}

/** Removals of a parent's children that no function has counted: undelivered, or in the hands of one that is about to. */
function uncounted(world: World, parent: number): number {
  let sum = world.get(parent, S.UNCOUNTED);
  for (let h = 0; h < world.layout.size.handlers; h++) {
    if (world.held(h, S.PC) !== S.DECREMENT || world.parentOf(h) !== parent) continue;
    const origin = world.held(h, S.ORIGIN);
    if ((origin & S.AGAIN) === 0) sum += (origin >> S.REMOVALS_SHIFT) & 3;
  }
  return sum;
}

/** Every record is delivered, every function has returned; a lost record has been swept after. */
export function isAtRest(world: World): boolean {
  const { layout, bytes } = world;
  if (bytes[S.DROPPED] !== 0 || bytes[S.SWEEP_SOURCE] !== 0) return false;
  const removals = layout.size.restricts ? layout.parents : 0;
  for (let h = 0; h < layout.size.handlers; h++) if (world.held(h, S.PC) !== S.IDLE) return false;
  if (bytes.subarray(layout.removalsAt, layout.removalsAt + removals).some((call) => call !== 0)) return false;
  for (let p = 0; p < layout.parents; p++) {
    if (world.get(p, S.COUNTER) === S.UNREADABLE) return false; // somebody has to come
    if (world.get(p, S.UNCOUNTED) !== 0 || world.get(p, S.RECORDS) !== 0 || world.get(p, S.REPEATS) !== 0) return false;
  }
  for (let s = 0; s < layout.size.services; s++) if (bytes[layout.healsAt + s] !== 0) return false;
  return !layout.learns || world.lifecycle(S.UNSETTLED) === 0;
}

export interface Resting {
  readonly rawServices: boolean;
  readonly leafDeletes: boolean;
  readonly overwrites: boolean;
  readonly sweeps: boolean;
  readonly crashes: boolean;
}

/** `goal`: what a marked parent that stays breaks: L1; L2 where records are lost and a sweep has come after. */
export function brokenAtRest(
  world: World,
  goal: 'L1' | 'L2',
  { rawServices: hasRawServices, leafDeletes, overwrites, sweeps, crashes }: Resting,
): Broken | undefined {
  const { layout } = world;
  const { services, networks, deployments } = layout.size;
  const forgets = deployments.some((now, i) => now < (deployments[i - 1] ?? 0));
  for (let p = 0; p < layout.parents; p++) {
    const name = nameOf(layout, p);
    const isMarked = world.isMarked(p);
    const children = world.children(p);
    const counter = world.get(p, S.COUNTER);
    if (isMarked && children === 0) {
      const promise = goal === 'L1' && !layout.isService(p) && services > 1 ? 'L3' : goal;
      return { promise, message: `${name} is marked and has no children left, but is still there` };
    }
    if (isMarked && counter === 0) {
      return { promise: goal, message: `${name} is marked and drains, but has no counter to wake it` };
    }
    // A sweep, or a reset, that dies is no record that comes again: what it opened waits for the next sweep.
    if (!isMarked && counter !== 0 && !((sweeps || overwrites) && crashes)) {
      const state = world.get(p, S.ITEM) === S.ABSENT ? 'gone' : 'not marked';
      return { promise: 'S4', message: `a counter is left of ${name}, which is ${state}` };
    }
    if (world.get(p, S.ITEM) === S.LEFTOVER) {
      return { promise: 'S4', message: `${name} has kept the time of a mark that was cleared` };
    }
  }
  const ring = ringOf(world);
  if (ring.length > 0) {
    const names = ring.map((p) => nameOf(layout, p)).join(' and ');
    return { promise: goal, message: `${names} are marked, and wait for each other for ever` };
  }
  if (layout.learns && isLearning(world, world.lifecycle(S.DEPLOYED))) {
    return { promise: 'L1', message: 'the networks are still being learned, though a sweep has come to its end' };
  }
  for (let s = 0; s < services; s++) {
    for (let n = 0; n < networks; n++) {
      const refers = ((world.nets(s) >> n) & 1) === 1;
      const isAttached = ((world.attached(services + n) >> s) & 1) === 1;
      const network = nameOf(layout, services + n);
      // A sweep reads only what is marked: where the records of raw writes are lost, the rest is the audit's to repair.
      if (goal === 'L2' && (hasRawServices || leafDeletes) && !world.isMarked(services + n)) continue;
      if (!world.isDeclared(s)) continue;
      // What was left over while nobody declared it is for the next sweep that finds the network marked.
      if (isAttached && !refers && !forgets) {
        return {
          promise: 'S4',
          message: `an attachment to ${network} is left of ${nameOf(layout, s)}, which does not refer to it`,
        };
      }
      if (refers && !isAttached) {
        return {
          promise: 'S2',
          message: `${nameOf(layout, s)} refers to ${network} without an attachment, so nothing protects it`,
        };
      }
    }
  }
  return undefined;
}

/** Services that are marked, and of which each waits for another one of them. */
function ringOf(world: World): number[] {
  const marked = world.layout.size.under.flatMap((_, s) => (world.isMarked(s) && world.tasks(s) === 0 ? [s] : []));
  let ring = marked;
  for (;;) {
    const left = ring.filter((s) => world.below(s).length > 0 && world.below(s).every((below) => ring.includes(below)));
    if (left.length === ring.length) return left;
    ring = left;
  }
}

/** The five tables as the product's own checks know them. */
export function tablesOf(world: World): Tables {
  const { layout } = world;
  const { services, networks } = layout.size;
  const idOf = (parent: number) => nameOf(layout, parent).split('#')[1] as string;
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const isThere = (parent: number) => world.get(parent, S.ITEM) !== S.ABSENT;
  const has = (mask: number) => (bit: number) => ((mask >> bit) & 1) === 1;
  const itemOf = (parent: number) => ({
    id: idOf(parent),
    ...(world.isMarked(parent) && { pendingDelete: true }),
    ...(world.get(parent, S.ITEM) === S.MARKED && { markedAt: 'm' }),
    ...(layout.isService(parent) && {
      spec: {
        networks: range(0, networks)
          .filter(has(world.nets(parent)))
          .map((n) => ({ target: idOf(services + n) })),
      },
    }),
  });
  return {
    services: range(0, services).filter(isThere).map(itemOf),
    networks: range(services, networks).filter(isThere).map(itemOf),
    tasks: range(0, services).flatMap((s) =>
      range(0, layout.size.tasks)
        .filter(has(world.tasks(s)))
        .map((t) => ({ serviceId: idOf(s), id: `t${t}` })),
    ),
    attachments: range(services, networks).flatMap((w) =>
      range(0, services)
        .filter(has(world.attached(w)))
        .map((s) => ({ networkId: idOf(w), serviceId: idOf(s) })),
    ),
    counters: range(0, layout.parents)
      .filter((p) => world.get(p, S.COUNTER) !== 0)
      .map((p) => ({ id: nameOf(layout, p), remaining: world.get(p, S.COUNTER) - S.ZERO })),
  };
}
