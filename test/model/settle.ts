/** Steps 1 to 4 of settle, and child-gone's way there: `lib/protocol/settle.ts` and `lib/streams/child-gone.ts`. */
import { end, type Request, repeat } from './handler.ts';
import { isHeldToLearn } from './learning.ts';
import { OUTCOME } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

const DONE = OUTCOME.done;

/** What may go wrong with a request, beyond the death of its handler. */
export interface Faults {
  /** The answer of a plain write is lost after it was carried out, and the request is sent again. */
  readonly lostAnswers: boolean;
  /** Children are read one by one, and others may write in between. */
  readonly itemByItem: boolean;
}

// child-gone

export function decrement(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const before = world.get(parent, S.COUNTER);
  const by = (world.held(handler, S.ORIGIN) >> S.REMOVALS_SHIFT) & 3;
  if (before === 0) {
    if (!world.rules.decrementNeedsCounter) world.createCounter(parent, -by);
    end(world, handler);
    return OUTCOME.gone;
  }
  const remaining = before - by;
  world.set(parent, S.COUNTER, remaining);
  if (!settlesAt(world, before, remaining)) {
    end(world, handler);
    return DONE;
  }
  // The decrement's answer serves as step 1.
  world.hold(handler, S.ORIGIN, world.rules.crashAfterDecrement === 'comes again' ? S.AGAIN : 0);
  world.hold(handler, S.PC, world.rules.order === 'open count parent' ? S.COUNT : S.READ);
  if (world.rules.order !== 'parent count open') {
    world.hold(handler, S.EPOCH, world.get(parent, S.COUNTER_EPOCH));
    world.hold(handler, S.ADD, remaining);
  }
  return DONE;
}

export function settlesAt(world: World, before: number, remaining: number): boolean {
  if (world.rules.settleWhen === 'negative') return remaining < S.ZERO;
  return remaining <= S.ZERO && (world.rules.settleWhen === 'not positive' || before > S.ZERO);
}

export function decrementUnanswered(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const before = world.get(parent, S.COUNTER);
  const origin = world.held(handler, S.ORIGIN);
  if (before !== 0) world.set(parent, S.COUNTER, before - ((origin >> S.REMOVALS_SHIFT) & 3));
  world.hold(handler, S.ORIGIN, origin | S.AGAIN);
  return OUTCOME['answer lost'];
}

/** item-changed, for a mark that was cleared: is there a counter to be closed? */
export function findDraining(world: World, handler: number): number {
  if (world.get(world.parentOf(handler), S.COUNTER) === 0) end(world, handler);
  else repeat(world, handler);
  return DONE;
}

// settle

/** The ways that step 1 may go. */
export function openings(world: World, parent: number, faults: Pick<Faults, 'lostAnswers'>): readonly Request[] {
  if (world.rules.openReads === 'eventually') return [openCounter, openFormerCounter];
  const isLost = world.rules.creation === 'again' && faults.lostAnswers && world.get(parent, S.COUNTER) === 0;
  return isLost ? [openCounter, openUnanswered] : OPENED;
}

/** 1 open */
export function openCounter(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  if (world.get(parent, S.COUNTER) === 0) world.createCounter(parent, 0);
  return opened(world, handler, world.get(parent, S.COUNTER_EPOCH), world.get(parent, S.COUNTER));
}

const OPENED: readonly Request[] = [openCounter];

export function opened(world: World, handler: number, epoch: number, remaining: number): number {
  world.hold(handler, S.EPOCH, epoch);
  if (world.rules.order === 'parent count open') {
    const children = world.held(handler, S.ADD) - S.ZERO; // counted before; 0 where the parent wasn't marked
    world.hold(handler, S.ADD, children > 0 ? S.ZERO + children - (remaining - S.ZERO) : 0);
    world.hold(handler, S.PC, children > 0 ? S.RECOUNT : S.CLOSE);
    return DONE;
  }
  world.hold(handler, S.ADD, remaining);
  world.hold(handler, S.PC, world.rules.order === 'open count parent' ? S.COUNT : S.READ);
  return DONE;
}

/** Mutant: an eventually consistent read finds a counter as it was before it was closed, or recounted. */
export function openFormerCounter(world: World, handler: number): number {
  return opened(world, handler, S.STALE, S.ZERO);
}

/** Mutant: the creation is carried out, nobody hears of it, and the same request is sent again later. */
export function openUnanswered(world: World, handler: number): number {
  world.createCounter(world.parentOf(handler), 0);
  world.hold(handler, S.EPOCH, S.CURRENT);
  world.hold(handler, S.PC, S.OPEN_AGAIN);
  return OUTCOME['answer lost'];
}

export function openAgain(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const epoch = world.held(handler, S.EPOCH);
  if (world.get(parent, S.COUNTER) !== 0) {
    // Refused: there is one. It is read.
    world.hold(handler, S.PC, S.OPEN);
    world.hold(handler, S.EPOCH, 0);
    world.forget(parent, S.EPOCH, epoch);
    return openCounter(world, handler);
  }
  world.createCounter(parent, 0);
  world.bringBack(parent, S.EPOCH, epoch);
  opened(world, handler, S.CURRENT, S.ZERO);
  return OUTCOME['sent again after a lost answer'];
}

/** 2 parent */
export function readParent(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const item = world.get(parent, S.ITEM);
  const opensLast = world.rules.order === 'parent count open';
  if (item === S.MARKED) {
    world.hold(handler, S.COPY, S.CURRENT);
    if (world.layout.isService(parent)) world.hold(handler, S.REFS, world.nets(parent));
    else if (isInGrace(world, parent)) world.hold(handler, S.REFS, IN_GRACE);
    if (world.rules.order === 'open count parent') decide(world, handler, world.held(handler, S.PLANNED));
    else world.hold(handler, S.PC, S.COUNT);
    return DONE;
  }
  world.hold(handler, S.PLANNED, 0);
  if (item === S.UNTIMED) {
    world.hold(handler, S.EPOCH, 0);
    world.hold(handler, S.ADD, 0);
    world.hold(handler, S.PC, S.STAMP);
    return DONE;
  }
  world.hold(handler, S.ADD, 0);
  if (item === S.LEFTOVER) world.hold(handler, S.COPY, S.CURRENT);
  world.hold(handler, S.PC, item === S.LEFTOVER ? S.UNSTAMP : opensLast ? S.OPEN : S.CLOSE);
  return DONE;
}

/** Whether it was UNTIMED or not, it is from here on. */
export function writeStamp(world: World, parent: number): boolean {
  if (world.get(parent, S.ITEM) !== S.UNTIMED) {
    if (world.rules.stampComparesTime || world.get(parent, S.ITEM) !== S.MARKED) return false;
  }
  world.markFresh(parent);
  return true;
}

export function stampMark(world: World, handler: number): number {
  writeStamp(world, world.parentOf(handler));
  repeat(world, handler);
  return DONE;
}

export function stampUnanswered(world: World, handler: number): number {
  if (!writeStamp(world, world.parentOf(handler))) {
    repeat(world, handler);
    return DONE;
  }
  world.hold(handler, S.PC, S.STAMP_AGAIN);
  world.hold(handler, S.COPY, S.CURRENT);
  return OUTCOME['answer lost'];
}

export function stampAgain(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const id = world.held(handler, S.COPY);
  if (world.get(parent, S.ITEM) === S.UNTIMED) {
    world.set(parent, S.ITEM, S.MARKED);
    world.addRecord(parent, S.MARK_RECORD);
    world.bringBack(parent, S.COPY, id);
  }
  repeat(world, handler);
  world.forget(parent, S.COPY, id);
  return OUTCOME['sent again after a lost answer'];
}

export function writeUnstamp(world: World, handler: number): void {
  const parent = world.parentOf(handler);
  if (world.get(parent, S.ITEM) !== S.LEFTOVER || world.held(handler, S.COPY) !== S.CURRENT) return;
  world.retireMark(parent);
  world.set(parent, S.ITEM, S.UNMARKED);
}

export function unstampMark(world: World, handler: number): number {
  writeUnstamp(world, handler);
  world.hold(handler, S.COPY, 0);
  world.hold(handler, S.PC, world.rules.order === 'parent count open' ? S.OPEN : S.CLOSE);
  return DONE;
}

export function unstampUnanswered(world: World, handler: number): number {
  writeUnstamp(world, handler);
  return OUTCOME['answer lost'];
}

export function isSameEpoch(world: World, handler: number): boolean {
  const parent = world.parentOf(handler);
  return world.get(parent, S.COUNTER) !== 0 && world.held(handler, S.EPOCH) === world.get(parent, S.COUNTER_EPOCH);
}

export function closeCounter(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  if (world.get(parent, S.COUNTER) === 0) {
    end(world, handler);
    return OUTCOME.gone;
  }
  if (isSameEpoch(world, handler) || !world.rules.closeComparesEpoch) {
    world.deleteCounter(parent);
    end(world, handler);
    return DONE;
  }
  if (world.rules.afterFailedClose === 'return') end(world, handler);
  else repeat(world, handler);
  return OUTCOME['other epoch'];
}

export function closeUnanswered(world: World, handler: number): number {
  world.deleteCounter(world.parentOf(handler));
  return OUTCOME['answer lost'];
}

/** 3 count */
export function countChildren(world: World, handler: number): number {
  return counted(world, handler, world.children(world.parentOf(handler)));
}

/** PLANNED is free here: the place of the next child to read (low bits), and how many were there. */
export function countOneChild(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const { services, tasks } = world.layout.size;
  const isService = world.layout.isService(parent);
  const at = world.held(handler, S.PLANNED) & 15;
  const mask = isService ? world.tasks(parent) : world.attached(parent);
  const children = (world.held(handler, S.PLANNED) >> 4) + ((mask >> at) & 1);
  if (at + 1 < (isService ? tasks : services)) {
    world.hold(handler, S.PLANNED, (children << 4) | (at + 1));
    return DONE;
  }
  world.hold(handler, S.PLANNED, 0);
  return counted(world, handler, children);
}

export function countNone(world: World, handler: number): number {
  counted(world, handler, 0);
  return OUTCOME.failed;
}

export function counted(world: World, handler: number, children: number): number {
  if (world.rules.order === 'open count parent') {
    world.hold(handler, S.PLANNED, children);
    world.hold(handler, S.PC, S.READ);
  } else {
    decide(world, handler, children);
  }
  return DONE;
}

export function decide(world: World, handler: number, children: number): void {
  world.hold(handler, S.PLANNED, 0);
  const learns = world.rules.learningReads === 'before the count' && isHeldToLearn(world, handler);
  const waits =
    world.layout.size.grace &&
    !world.layout.isService(world.parentOf(handler)) &&
    world.held(handler, S.REFS) === IN_GRACE;
  const isHeld = learns || waits;
  if (children > 0 || (isHeld && world.held(handler, S.ADD) > S.ZERO)) {
    world.hold(handler, S.COPY, 0);
    world.hold(handler, S.REFS, 0);
    if (world.rules.order === 'parent count open') {
      world.hold(handler, S.ADD, S.ZERO + children);
      world.hold(handler, S.PC, S.OPEN);
      return;
    }
    const { recountAdds } = world.rules;
    const before = recountAdds === 'absolute' ? S.ZERO : world.held(handler, S.ADD);
    world.hold(handler, S.ADD, S.ZERO + children - (before - S.ZERO));
    world.hold(handler, S.PC, S.RECOUNT);
    return;
  }
  if (isHeld) {
    end(world, handler);
    if (waits) world.setLifecycle(S.UNSETTLED, S.NOT_SWEPT); // it goes with the next sweep after its grace period
    return;
  }
  world.hold(handler, S.EPOCH, 0);
  world.hold(handler, S.ADD, 0);
  world.hold(handler, S.PC, world.held(handler, S.REFS) === 0 ? S.FINALIZE : S.PLAN);
}

/** In REFS, which a network has not. */
const IN_GRACE = 1;

function isInGrace(world: World, network: number): boolean {
  return world.layout.size.grace && world.grace(network) !== 0 && world.rules.graceOutlasts === 'the records';
}

/** 4 recount */
export function writeRecount(world: World, handler: number): number {
  const parent = world.parentOf(handler);
  const before = world.rules.recountAdds === 'absolute' ? S.ZERO : world.get(parent, S.COUNTER);
  const remaining = before + world.held(handler, S.ADD) - S.ZERO;
  world.set(parent, S.COUNTER, remaining);
  world.renewEpoch(parent);
  return remaining;
}

export function recount(world: World, handler: number): number {
  const found = world.get(world.parentOf(handler), S.COUNTER);
  if (isSameEpoch(world, handler) || (found !== 0 && !world.rules.recountComparesEpoch)) {
    const remaining = writeRecount(world, handler);
    if (remaining > S.ZERO || world.rules.afterRecount === 'return') end(world, handler);
    else repeat(world, handler);
    return DONE;
  }
  const isPatient = (world.held(handler, S.WHO) & S.PATIENT) !== 0 && world.rules.sweepIsPatient;
  const { afterFailedRecount } = world.rules;
  const returns =
    afterFailedRecount === 'return' || (afterFailedRecount === 'return if there' && found !== 0) || found > S.ZERO;
  if (returns && !isPatient) end(world, handler);
  else repeat(world, handler);
  return OUTCOME.failed;
}

export function recountUnanswered(world: World, handler: number): number {
  writeRecount(world, handler);
  return OUTCOME['answer lost'];
}
