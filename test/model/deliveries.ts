/** Records that find a function, and what goes wrong on the way: duplicates, crashes, dropped records; and the sweep. */
import { FAULT, PROTOCOL } from './checker.ts';
import { end, type Request, repeat, settleIfConcerned } from './handler.ts';
import { readHealed } from './heal.ts';
import { consumesUnknowing, functionBits } from './learning.ts';
import { OUTCOME, STEP } from './names.ts';
import { type Faults, openCounter, openings, writeStamp } from './settle.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

export interface Deliveries {
  /** Removal records that one batch may hold of one parent. */
  readonly batchMax: number;
  /**
   * Any record comes again, at any time and any number of times. A mark's settle is all that one can cause, so that the
   * others are left out, but for who must follow each of them by name.
   */
  readonly duplicates: boolean | 'of each kind';
  /** A handler dies between any two of its requests, and its records come again. */
  readonly crashes: boolean;
  /** Records are lost; then promises of a good end hold again once a sweep has begun after that and ended. */
  readonly drops: boolean;
  /** The sweep runs at any time. */
  readonly sweeps: boolean;
  /** Service records make heal look at the networks that they name. */
  readonly heals: boolean;
  /** Leaves are deleted plainly; the heal of one of their references may be lost without that of the others. */
  readonly leafDeletes: boolean;
}

type Change = (world: World) => number;
export type TakeDelivery = (by: number, step: number, handler: number, parent: number, change: Change) => void;

/** A record reaches its function with that function's first request: until then it is only late. */
export function nextDeliveries(world: World, on: Deliveries & Faults, take: TakeDelivery): void {
  const free = freeHandler(world);
  for (let p = 0; p < world.layout.parents; p++) {
    deliverRemovals(world, p, free, on, take);
    if (free >= 0) deliverParentRecords(world, p, free, on, take);
  }
  if (on.sweeps) nextOfSweep(world, free, take);
}

export function freeHandler(world: World): number {
  for (let h = 0; h < world.layout.size.handlers; h++) if (world.held(h, S.PC) === S.IDLE) return h;
  return -1;
}

// child-gone

function deliverRemovals(world: World, p: number, free: number, on: Deliveries, take: TakeDelivery): void {
  const uncounted = world.get(p, S.UNCOUNTED);
  const comesAgain = (world.get(p, S.RECORDS) & S.AGAIN) !== 0;
  const isDraining = world.get(p, S.COUNTER) !== 0;
  const looksAway = !isDraining || world.rules.findDrainingReads === 'eventually';
  for (let by = 1; by <= Math.min(uncounted, on.batchMax); by++) {
    if (looksAway) {
      // No counter, nothing to do: the function ends with its first request.
      take(PROTOCOL, STEP.findDraining, -1, p, (to) => {
        to.set(p, S.UNCOUNTED, uncounted - by);
        return OUTCOME.gone;
      });
    }
    if (free < 0 || (!isDraining && world.rules.decrementNeedsCounter)) continue;
    take(PROTOCOL, STEP.findDraining, free, p, (to) => {
      to.set(p, S.UNCOUNTED, uncounted - by);
      return start(to, free, p, S.DECREMENT, by << S.REMOVALS_SHIFT);
    });
  }
  const again = (isFresh: boolean) => (to: World) => {
    if (isFresh) to.set(p, S.RECORDS, to.get(p, S.RECORDS) & ~S.AGAIN);
    if (to.get(p, S.COUNTER) !== 0) start(to, free, p, S.DECREMENT, S.AGAIN | (1 << S.REMOVALS_SHIFT));
    return OUTCOME['for a record that comes again'];
  };
  if (comesAgain && (free >= 0 || !isDraining))
    take(PROTOCOL, STEP.findDraining, isDraining ? free : -1, p, again(true));
  if ((comesAgain || on.duplicates) && isDraining && free >= 0) take(FAULT, STEP.findDraining, free, p, again(false));
}

function start(world: World, handler: number, parent: number, pc: number, origin: number): number {
  world.hold(handler, S.PC, pc);
  world.hold(handler, S.WHO, parent | functionBits(world));
  world.hold(handler, S.ORIGIN, origin);
  return OUTCOME.done;
}

// item-changed

const PARENT_RECORDS = [S.MARK_RECORD, S.CLEAR_RECORD, S.UNTIMED_RECORD];
const ALL_RECORDS = S.MARK_RECORD | S.CLEAR_RECORD | S.UNTIMED_RECORD;

function deliverParentRecords(
  world: World,
  p: number,
  free: number,
  on: Deliveries & Faults,
  take: TakeDelivery,
): void {
  const records = world.get(p, S.RECORDS) & ~S.AGAIN;
  const heals = on.heals && world.layout.isService(p) ? (world.bytes[world.layout.healsAt + p] as number) : 0;
  /** `left`, `leftHeals`: what is still undelivered after it, since it was there twice. */
  const deliver = (by: number, bits: number, networks: number, left: number, leftHeals: number) => {
    const step = firstStep(bits, networks);
    const isLookedAt = step === STEP.findDraining;
    const finds = !isLookedAt || world.get(p, S.COUNTER) !== 0;
    const change = (found: boolean, open: Request) => (to: World) => {
      to.set(p, S.RECORDS, (to.get(p, S.RECORDS) & S.AGAIN) | left);
      if (to.layout.isService(p)) to.bytes[to.layout.healsAt + p] = leftHeals;
      return found ? begin(to, free, p, bits, networks, open) : OUTCOME.gone;
    };
    if (step === STEP.openCounter && world.get(p, S.COUNTER) === S.UNREADABLE) return;
    const opens = step === STEP.openCounter ? openings(world, p, on) : [openCounter];
    for (const open of opens) take(by, step, finds ? free : -1, p, change(finds, open));
    const misses = isLookedAt && finds && world.rules.clearedMarkLooks === 'eventually';
    if (misses) take(by, step, -1, p, change(false, openCounter));
  };
  if (on.duplicates === 'of each kind') {
    const allNetworks = world.layout.isService(p) && on.heals ? (1 << world.layout.size.networks) - 1 : 0;
    for (const networks of [0, ...subsetsOf(allNetworks)]) {
      for (const bits of networks === 0 ? subsetsOf(ALL_RECORDS) : [0, ...subsetsOf(ALL_RECORDS)]) {
        for (const taken of [0, ...subsetsOf(bits & records)]) {
          for (const takenHeals of [0, ...subsetsOf(networks & heals)]) {
            deliver(FAULT, bits, networks, records & ~taken, heals & ~takenHeals);
          }
        }
      }
    }
    return;
  }
  for (const bit of PARENT_RECORDS) {
    if (records & bit) deliver(PROTOCOL, bit, 0, records & ~bit, heals);
    // There may be another one, or it comes again.
    if (records & bit || (on.duplicates && bit === S.MARK_RECORD)) deliver(FAULT, bit, 0, records, heals);
  }
  if (heals !== 0 && consumesUnknowing(world)) {
    take(FAULT, STEP.consume, -1, p, (to) => {
      to.bytes[to.layout.healsAt + p] = 0;
      return OUTCOME.done;
    });
  }
  for (const networks of subsetsOf(heals)) {
    deliver(PROTOCOL, 0, networks, records, heals & ~networks);
    deliver(FAULT, 0, networks, records, heals);
    if (records !== 0) deliver(PROTOCOL, records, networks, 0, heals & ~networks);
  }
  // Several in one batch: what each of them asks for is done once.
  if ((records & (records - 1)) !== 0) deliver(PROTOCOL, records, 0, 0, heals);
}

/** All but the empty one. */
function subsetsOf(mask: number): number[] {
  const found: number[] = [];
  for (let some = mask; some > 0; some = (some - 1) & mask) found.push(some);
  return found;
}

function firstStep(bits: number, networks: number): number {
  if (bits & S.UNTIMED_RECORD) return STEP.stampMark;
  if (networks !== 0) return STEP.readParent;
  return bits & S.MARK_RECORD ? STEP.openCounter : STEP.findDraining;
}

/** The function's first request. */
function begin(world: World, handler: number, parent: number, bits: number, networks: number, open: Request): number {
  start(world, handler, parent, S.OPEN, bits | (networks << S.HEALS_SHIFT));
  const isStamped = (bits & S.UNTIMED_RECORD) !== 0;
  if (isStamped) writeStamp(world, parent);
  if (networks !== 0) {
    if (isStamped) world.hold(handler, S.PC, S.HEAL_READ);
    else readHealed(world, handler);
    return OUTCOME.done;
  }
  settleIfConcerned(world, handler);
  // Its settle opens the counter at once only where this was the first request.
  const pc = world.held(handler, S.PC);
  if (isStamped) return OUTCOME.done;
  if (pc === S.LOOK) repeat(world, handler);
  else if (pc === S.OPEN) return open(world, handler);
  return OUTCOME.done;
}

// What goes wrong

export function nextFaults(world: World, on: Deliveries, take: TakeDelivery): void {
  if (on.crashes) {
    for (let h = 0; h < world.layout.size.handlers; h++) {
      if (world.held(h, S.PC) !== S.IDLE) take(FAULT, STEP.crash, h, world.parentOf(h), (to) => crash(to, h));
    }
  }
  if (!on.drops) return;
  for (let p = 0; p < world.layout.parents; p++) {
    const heals = world.layout.isService(p) ? (world.bytes[world.layout.healsAt + p] as number) : 0;
    for (const lost of on.leafDeletes ? subsetsOf(heals) : heals === 0 ? [] : [heals]) {
      take(FAULT, STEP.dropRecord, -1, p, (to) => {
        to.bytes[to.layout.healsAt + p] = heals & ~lost;
        to.bytes[S.DROPPED] = S.NOT_SWEPT;
        return OUTCOME.done;
      });
    }
    if (world.get(p, S.UNCOUNTED) > 0) {
      take(FAULT, STEP.dropRecord, -1, p, (to) => {
        to.set(p, S.UNCOUNTED, to.get(p, S.UNCOUNTED) - 1);
        to.bytes[S.DROPPED] = S.NOT_SWEPT;
        return OUTCOME.done;
      });
    }
    // A raw mark without its time, whose record is lost, is found by no sweep but a full one.
    for (const bit of [S.MARK_RECORD, S.CLEAR_RECORD, S.AGAIN]) {
      if ((world.get(p, S.RECORDS) & bit) === 0) continue;
      take(FAULT, STEP.dropRecord, -1, p, (to) => {
        to.set(p, S.RECORDS, to.get(p, S.RECORDS) & ~bit);
        to.bytes[S.DROPPED] = S.NOT_SWEPT;
        return OUTCOME.done;
      });
    }
  }
}

function crash(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const pc = world.held(handler, S.PC);
  const origin = world.held(handler, S.ORIGIN);
  const [epoch, copy] = [world.held(handler, S.EPOCH), world.held(handler, S.COPY)];
  if (world.layout.learns && (world.held(handler, S.WHO) & S.PATIENT) !== 0) {
    end(world, handler);
    world.setLifecycle(S.UNSETTLED, S.NOT_SWEPT);
  } else if ((world.held(handler, S.WHO) & S.PATIENT) !== 0) {
    // The whole sweep dies, and nobody brings it back: the next one begins anew.
    for (let h = 0; h < world.layout.size.handlers; h++) {
      if ((world.held(h, S.WHO) & S.PATIENT) !== 0) end(world, h);
    }
    stopSweep(world);
    if (world.bytes[S.DROPPED] === S.SWEEPING) world.bytes[S.DROPPED] = S.NOT_SWEPT;
  } else {
    const bits = S.MARK_RECORD | S.CLEAR_RECORD | S.UNTIMED_RECORD | S.AGAIN;
    world.set(parent, S.RECORDS, world.get(parent, S.RECORDS) | (origin & bits));
    const removals = (origin >> S.REMOVALS_SHIFT) & 3;
    if ((origin & S.AGAIN) === 0) world.set(parent, S.UNCOUNTED, world.get(parent, S.UNCOUNTED) + removals);
    if (world.layout.isService(parent)) world.addHeal(parent, origin >> S.HEALS_SHIFT);
    end(world, handler);
  }
  if (pc === S.OPEN_AGAIN || pc === S.RESET_AGAIN) world.forget(parent, S.EPOCH, epoch);
  if (pc === S.STAMP_AGAIN) world.forget(parent, S.COPY, copy);
  return OUTCOME.done;
}

// sweep

const SOURCES = ['services', 'networks', 'counters'] as const;

function stopSweep(world: World): void {
  world.bytes.fill(0, S.SWEEP_SOURCE, S.SWEEP_DONE + 1);
}

/**
 * SWEEP_SOURCE is 1 + the source that is listed next; the parents of a listing are settled side by side, and the next
 * listing waits for them.
 */
function nextOfSweep(world: World, free: number, take: TakeDelivery): void {
  const source = world.bytes[S.SWEEP_SOURCE] as number;
  const left = world.bytes[S.SWEEP_LEFT] as number;
  const { services, networks } = world.layout.size;
  if (source === 0) {
    take(FAULT, STEP.startSweep, -1, 0, (to) => {
      to.bytes[S.SWEEP_SOURCE] = 1;
      if (to.bytes[S.DROPPED] === S.NOT_SWEPT) to.bytes[S.DROPPED] = S.SWEEPING;
      return OUTCOME.done;
    });
    return;
  }
  if (left !== 0) {
    for (let p = 0; free >= 0 && p < services + networks; p++) {
      if (((left >> p) & 1) === 0) continue;
      const isFirst = world.layout.isService(p) ? STEP.openCounter : STEP.listAttached;
      take(PROTOCOL, isFirst, free, p, (to) => {
        to.bytes[S.SWEEP_LEFT] = left & ~(1 << p);
        if (world.layout.isService(p)) {
          start(to, free, p | S.PATIENT, S.OPEN, 0);
          repeat(to, free);
          return to.held(free, S.PC) === S.OPEN ? openCounter(to, free) : OUTCOME.done;
        }
        const users = to.attached(p);
        start(to, free, p | S.PATIENT, S.SWEEP_USERS, 0);
        to.hold(free, S.REFS, users);
        if (users === 0 || !to.rules.sweepHeals) repeat(to, free);
        return OUTCOME.done;
      });
    }
    return;
  }
  if (isSweeping(world)) return;
  const listed = SOURCES[source - 1];
  const step = listed === 'counters' ? STEP.listCounters : STEP.listMarked;
  take(PROTOCOL, step, -1, listed === 'networks' ? services : 0, (to) => {
    let found = 0;
    for (let p = 0; p < services + networks; p++) {
      if (isListed(to, p, listed)) found |= 1 << p;
    }
    to.bytes[S.SWEEP_LEFT] = found & ~(to.bytes[S.SWEEP_DONE] as number);
    to.bytes[S.SWEEP_SOURCE] = source + 1;
    return OUTCOME.done;
  });
}

/** A sweep has ended once the last listing's parents are settled. What was lost before it began is made good. */
export function endSweep(world: World): void {
  if (world.bytes[S.SWEEP_SOURCE] !== SOURCES.length + 1 || world.bytes[S.SWEEP_LEFT] !== 0) return;
  if (isSweeping(world)) return;
  stopSweep(world);
  if (world.bytes[S.DROPPED] === S.SWEEPING) world.bytes[S.DROPPED] = 0;
}

function isSweeping(world: World): boolean {
  for (let h = 0; h < world.layout.size.handlers; h++) if ((world.held(h, S.WHO) & S.PATIENT) !== 0) return true;
  return false;
}

function isListed(world: World, parent: number, source: (typeof SOURCES)[number] | undefined): boolean {
  const item = world.get(parent, S.ITEM);
  switch (source) {
    case 'services':
      return world.rules.sweepListsMarked && world.layout.isService(parent) && hasTime(item);
    case 'networks':
      return world.rules.sweepListsMarked && !world.layout.isService(parent) && hasTime(item);
    default:
      return world.rules.sweepListsCounters && world.get(parent, S.COUNTER) !== 0;
  }
}

/** The sparse index knows every item that has a `markedAt`. */
function hasTime(item: number): boolean {
  return item === S.MARKED || item === S.LEFTOVER;
}
