/** The typed client's writes, each one transaction, and the raw writes of others. None of them is limited in number. */
import { OUTCOME, STEP } from './names.ts';
import { overwrite } from './reset.ts';
import { restrictedRemovals } from './restrict.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

export interface Writers {
  /** Undeletes; without them a mark stays until its parent goes. */
  readonly undeletes: boolean;
  /** A service's id, and a network's, is used again after its deletion. */
  readonly reuse: boolean;
  readonly updates: boolean;
  /** Marks without a time, and undeletes that leave it. */
  readonly rawMarks: boolean;
  /** Services written and deleted without their attachments. */
  readonly rawServices: boolean;
  /** So many services, the last ones, are never marked: they are deleted plainly, as tasks are. */
  readonly leaves: number;
  readonly leafDeletes: boolean;
  /** Raw writes leave counters that nobody can read, and an operator has them reset. */
  readonly overwrites: boolean;
  /** Any task may be deleted, not just the one that stands for them all: for those who read tasks one by one. */
  readonly anyTask: boolean;
  /** Undelivered removal records of one parent at a time: a writer waits when there are more. */
  readonly undeliveredMax: number;
}

/** One write: changes the world. */
type Write = (world: World) => void;
export type TakeWrite = (step: number, parent: number, detail: number, write: Write) => void;

const DONE = OUTCOME.done;

export function nextWrites(world: World, writers: Writers, take: TakeWrite): void {
  const { services, networks } = world.layout.size;
  for (let s = 0; s < services; s++) {
    serviceWrites(world, s, writers, take);
    taskWrites(world, s, writers, take);
  }
  for (let w = services; w < services + networks; w++) {
    if (world.get(w, S.ITEM) === S.ABSENT && writers.reuse) {
      take(STEP.createNetwork, w, DONE, (to) => {
        to.set(w, S.ITEM, S.UNMARKED);
        to.noteUnprotected(w, false);
      });
    }
  }
  for (let p = 0; p < services + networks; p++) {
    if (p < services - writers.leaves || p >= services) markWrites(world, p, writers, take);
    if (writers.overwrites) overwrite(world, p, take);
  }
}

function taskWrites(world: World, s: number, writers: Writers, take: TakeWrite): void {
  const { tasks } = world.layout.size;
  const now = world.tasks(s);
  const item = world.get(s, S.ITEM);
  const { taskFence } = world.rules;
  const isFenced =
    item === S.UNMARKED || item === S.LEFTOVER || (taskFence !== 'exists and not marked' && item !== S.ABSENT);
  const at = world.layout.tasksAt + s;
  if (isFenced || taskFence === 'none') {
    // Tasks of one service differ in nothing but their place: the lowest free one is taken.
    const free = ~now & (now + 1);
    if (free < 1 << tasks) {
      take(STEP.createTask, s, DONE, (to) => {
        to.bytes[at] = now | free;
      });
    }
  }
  if (undelivered(world, s) >= writers.undeliveredMax) return;
  // Which one goes matters only to one who reads them one by one.
  for (let rest = now; rest !== 0; rest &= rest - 1) {
    const lowest = rest & -rest;
    if (!writers.anyTask && (rest & (rest - 1)) !== 0) continue;
    take(STEP.deleteTask, s, DONE, (to) => {
      to.bytes[at] = now & ~lowest;
      to.set(s, S.UNCOUNTED, to.get(s, S.UNCOUNTED) + 1);
    });
  }
}

function serviceWrites(world: World, s: number, writers: Writers, take: TakeWrite): void {
  const { services, networks } = world.layout.size;
  const item = world.get(s, S.ITEM);
  const before = world.nets(s);
  const isUpdatable = item === S.UNMARKED || item === S.LEFTOVER;
  for (let nets = 0; nets < 1 << networks; nets++) {
    const added = item === S.ABSENT ? nets : nets & ~before;
    const removed = before & ~nets;
    if (item === S.ABSENT) {
      if (writers.reuse && mayComeUnder(world) && mayAttach(world, added, writers)) {
        take(STEP.createService, s, nets, (to) => {
          to.set(s, S.ITEM, S.UNMARKED);
          writeNetworks(to, s, nets, added, 0);
        });
      }
      if (writers.rawServices && nets !== 0) {
        take(STEP.putServiceRaw, s, nets, (to) => {
          to.set(s, S.ITEM, S.UNMARKED);
          writeNetworks(to, s, nets, 0, 0);
        });
      }
      continue;
    }
    if (nets === before) continue;
    if (writers.rawServices && mayDetach(world, before, writers)) {
      take(STEP.putServiceRaw, s, nets, (to) => writeNetworks(to, s, nets, 0, 0));
    }
    const isAllowed = isUpdatable || (world.rules.updateOfMarked === 'allowed' && world.isMarked(s));
    if (writers.updates && isAllowed && mayAttach(world, added, writers) && mayDetach(world, removed, writers)) {
      take(STEP.updateService, s, nets, (to) => writeNetworks(to, s, nets, added, removed));
    }
  }
  const isLeaf = s >= services - writers.leaves;
  if ((writers.rawServices || (isLeaf && writers.leafDeletes)) && item !== S.ABSENT && world.tasks(s) === 0) {
    take(STEP.deleteServiceRaw, s, DONE, (to) => to.remove(s));
  }

  /** Each parent is there and not marked, and does not wait for too many records. */
  function mayComeUnder(of: World): boolean {
    return of.layout.above(s).every((above) => {
      const is = of.get(above, S.ITEM);
      const isFenced = is === S.UNMARKED || is === S.LEFTOVER || (of.rules.taskFence === 'exists' && is !== S.ABSENT);
      return isFenced && undelivered(of, above) < writers.undeliveredMax;
    });
  }
  function mayAttach(of: World, mask: number, limits: Writers): boolean {
    for (let n = 0; n < networks; n++) {
      if (((mask >> n) & 1) === 0) continue;
      const network = of.get(services + n, S.ITEM);
      const isFenced =
        network === S.UNMARKED ||
        network === S.LEFTOVER ||
        (of.rules.attachmentFence === 'exists' && network !== S.ABSENT);
      // The attachment will be a removal record one day, whatever the writer does then.
      const afterwards = undelivered(of, services + n) + S.bitsOf(of.attached(services + n));
      if (!isFenced || afterwards >= limits.undeliveredMax + services - 1) return false;
    }
    return true;
  }
  function mayDetach(of: World, mask: number, limits: Writers): boolean {
    for (let n = 0; n < networks; n++) {
      if ((mask >> n) & 1 && undelivered(of, services + n) >= limits.undeliveredMax) return false;
    }
    return true;
  }
}

/** `attached`, `removed`: the attachments that go with it; a raw write has none, nor one by a client that doesn't know them. */
function writeNetworks(to: World, s: number, nets: number, attached: number, removed: number): void {
  const { services, networks } = to.layout.size;
  const added = to.isDeclared(s) ? attached : 0;
  const before = to.nets(s);
  if (nets !== before) to.forgetOld(s);
  to.bytes[to.layout.netsAt + s] = nets;
  for (let n = 0; n < networks; n++) {
    if ((added >> n) & 1) to.attach(services + n, s);
    if ((removed >> n) & 1) to.detach(services + n, s);
  }
  to.addHeal(s, before | nets);
  to.noteReferences(s, nets & ~before & ~added);
}

function markWrites(world: World, p: number, writers: Writers, take: TakeWrite): void {
  const item = world.get(p, S.ITEM);
  const repeats = world.get(p, S.REPEATS);
  const { rules } = world;
  if (world.layout.size.restricts) restrictedRemovals(world, p, take);
  else if (item === S.UNMARKED || item === S.LEFTOVER || item === S.UNTIMED) {
    take(STEP.mark, p, DONE, (to) => to.markFresh(p));
    if (rules.mark === 'again' && repeats === 0) {
      take(STEP.mark, p, OUTCOME['answer lost'], (to) => {
        to.markFresh(p);
        to.set(p, S.REPEATS, S.CURRENT);
      });
    }
  }
  if (writers.undeletes && (item === S.MARKED || item === S.UNTIMED)) {
    take(STEP.unmark, p, DONE, (to) => to.clearMark(p));
    if (rules.unmark === 'again' && repeats === 0) {
      take(STEP.unmark, p, OUTCOME['answer lost'], (to) => {
        to.clearMark(p);
        to.set(p, S.REPEATS, S.REPEAT_UNMARK);
      });
    }
  }
  if (writers.rawMarks) {
    if (item === S.UNMARKED) {
      take(STEP.markRaw, p, DONE, (to) => {
        to.set(p, S.ITEM, S.UNTIMED);
        to.addRecord(p, S.UNTIMED_RECORD);
      });
    }
    if (item === S.UNTIMED) take(STEP.unmarkRaw, p, DONE, (to) => to.clearMark(p));
    if (item === S.MARKED) {
      take(STEP.unmarkRaw, p, DONE, (to) => {
        to.set(p, S.ITEM, S.LEFTOVER);
        to.addRecord(p, S.MARK_RECORD); // a `markedAt` without a mark is news as well
      });
    }
  }
  if (repeats === 0) return;
  // Mutants: the plain write is sent again.
  const again = OUTCOME['sent again after a lost answer'];
  if ((repeats & S.REPEAT_UNMARK) !== 0) {
    take(STEP.unmark, p, again, (to) => {
      to.set(p, S.REPEATS, 0);
      if (!to.isMarked(p)) return;
      to.broken = {
        promise: 'L1',
        message: 'an undelete that was sent again cleared a mark made after it: that parent never goes',
      };
      to.clearMark(p);
    });
    return;
  }
  take(STEP.mark, p, again, (to) => {
    const isFree = item === S.UNMARKED || item === S.LEFTOVER || item === S.UNTIMED;
    if (isFree) {
      if (item === S.LEFTOVER) to.retireMark(p);
      const id = to.get(p, S.REPEATS);
      to.set(p, S.ITEM, S.MARKED);
      to.addRecord(p, S.MARK_RECORD);
      to.bringBack(p, S.COPY, id);
      to.set(p, S.REPEATS, 0);
      return;
    }
    to.set(p, S.REPEATS, 0);
    to.forget(p, S.COPY, repeats);
  });
}

/** Removals of a parent's children that no handler was given. */
function undelivered(world: World, parent: number): number {
  return world.get(parent, S.UNCOUNTED);
}
