/**
 * A counter that a raw write has overwritten, and the operator who has it reset: docs/design.md §4.2. Whoever needs such a
 * counter fails, and its record comes again: it waits. What needs no number goes on: a close under its epoch, a deletion.
 */
import { FAULT } from './checker.ts';
import type { Deliveries, TakeDelivery } from './deliveries.ts';
import { freeHandler } from './deliveries.ts';
import { end, repeat } from './handler.ts';
import { OUTCOME, STEP } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';
import type { TakeWrite } from './writers.ts';

const NEEDING: readonly number[] = [S.DECREMENT, S.OPEN, S.OPEN_AGAIN, S.RECOUNT];

export function isStuck(world: World, handler: number): boolean {
  if (!NEEDING.includes(world.held(handler, S.PC))) return false;
  return world.get(world.parentOf(handler), S.COUNTER) === S.UNREADABLE;
}

/** With the epoch that was there, or with another. */
export function overwrite(world: World, p: number, take: TakeWrite): void {
  const counter = world.get(p, S.COUNTER);
  if (counter === 0 || counter === S.UNREADABLE) return;
  take(STEP.overwriteCounter, p, OUTCOME.done, (to) => to.set(p, S.COUNTER, S.UNREADABLE));
  take(STEP.overwriteCounter, p, OUTCOME['other epoch'], (to) => {
    to.retireEpoch(p);
    to.set(p, S.COUNTER, S.UNREADABLE);
    to.set(p, S.COUNTER_EPOCH, S.NONE);
  });
}

/** `settleNamed`: it resets, and settles patiently. */
export function nextResets(
  world: World,
  on: Pick<Deliveries, 'crashes'> & { lostAnswers: boolean },
  take: TakeDelivery,
): void {
  const free = freeHandler(world);
  const { reset, resetCompares } = world.rules;
  for (let p = 0; free >= 0 && p < world.layout.parents; p++) {
    const isUnreadable = world.get(p, S.COUNTER) === S.UNREADABLE;
    if (!isUnreadable && resetCompares) continue;
    take(FAULT, STEP.resetUnreadable, free, p, (to) => {
      writeReset(to, p);
      to.hold(free, S.WHO, p | S.PATIENT);
      if (to.rules.resetSettles) repeat(to, free);
      else end(to, free);
      return OUTCOME.done;
    });
    const isJunk = world.get(p, S.COUNTER_EPOCH) === S.NONE; // the same as the same raw write would leave again
    if (reset !== 'again' || !on.lostAnswers || !isJunk) continue;
    take(FAULT, STEP.resetUnreadable, free, p, (to) => {
      writeReset(to, p);
      to.hold(free, S.WHO, p | S.PATIENT);
      to.hold(free, S.EPOCH, S.CURRENT);
      to.hold(free, S.PC, S.RESET_AGAIN);
      return OUTCOME['answer lost'];
    });
  }
}

function writeReset(world: World, p: number): void {
  const isFormer = world.rules.resetEpoch === 'former' && world.get(p, S.COUNTER_EPOCH) !== S.NONE;
  if (!isFormer) world.retireEpoch(p);
  world.set(p, S.COUNTER, S.ZERO);
  world.set(p, S.COUNTER_EPOCH, S.CURRENT);
}

/** Mutant: it finds what the same raw write has left a second time, and brings its own epoch back. */
export function resetAgain(world: World, handler: number): number {
  const p = world.parentOf(handler);
  const epoch = world.held(handler, S.EPOCH);
  if (world.get(p, S.COUNTER) === S.UNREADABLE && world.get(p, S.COUNTER_EPOCH) === S.NONE) {
    world.set(p, S.COUNTER, S.ZERO);
    world.set(p, S.COUNTER_EPOCH, S.CURRENT);
    repeat(world, handler);
    world.bringBack(p, S.EPOCH, epoch);
    return OUTCOME['sent again after a lost answer'];
  }
  repeat(world, handler);
  world.forget(p, S.EPOCH, epoch);
  return OUTCOME['sent again after a lost answer'];
}
