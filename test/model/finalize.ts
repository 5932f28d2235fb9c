/** Step 5: `lib/protocol/finalize.ts` and the transaction that it plans. */
import { end, nameOf, type Request, repeat } from './handler.ts';
import { excuse, functionBits, isHeldToLearn } from './learning.ts';
import { OUTCOME, STEP } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

const DONE = OUTCOME.done;

/** The networks of a plan are read side by side. */
export function planNetwork(
  world: World,
  handler: number,
  n: number,
  may: (step: number, request: Request) => void,
): void {
  if (((world.held(handler, S.REFS) >> n) & 1) === 0) return;
  const network = world.layout.size.services + n;
  const listsFirst = world.rules.planReads === 'attachments first';
  const now = (world.held(handler, S.PLANNED) >> (4 * n)) & 15;
  if (now === S.TO_READ) {
    if (listsFirst) may(STEP.listAttached, (w, h) => planned(w, h, n, isUsedOnlyBy(w, network, h) ? S.ALONE : S.KEPT));
    else may(STEP.readParent, (w, h) => planned(w, h, n, mayGoAlong(w, h, network) ? S.SEEN : S.KEPT));
  } else if (now === S.ALONE) {
    may(STEP.readParent, (w, h) => planned(w, h, n, w.get(network, S.ITEM) === S.MARKED ? S.FREED : S.KEPT));
  } else if (now !== S.KEPT && now < S.FREED) {
    const freed = S.FREED + now - S.SEEN;
    may(STEP.listAttached, (w, h) => planned(w, h, n, isUsedOnlyBy(w, network, h) ? freed : S.KEPT));
  }
}

function mayGoAlong(world: World, handler: number, network: number): boolean {
  const isLearned = (world.held(handler, S.WHO) & S.SEES_LEARNING) === 0;
  return world.get(network, S.ITEM) === S.MARKED && (isLearned || world.rules.learningKeeps === 'the parent only');
}

export function isUsedOnlyBy(world: World, network: number, handler: number): boolean {
  const attached = world.attached(network);
  const own = 1 << world.parentOf(handler);
  const seesOne = world.rules.planListsMost === 1 && (attached & own) !== 0;
  return seesOne || (attached & ~own) === 0;
}

export function planned(world: World, handler: number, n: number, now: number): number {
  const others = world.held(handler, S.PLANNED) & ~(15 << (4 * n));
  const plan = others | (now << (4 * n));
  world.hold(handler, S.PLANNED, plan);
  const refs = world.held(handler, S.REFS);
  for (let i = 0; i < world.layout.size.networks; i++) {
    const decided = (plan >> (4 * i)) & 15;
    if ((refs >> i) & 1 && decided !== S.KEPT && (decided < S.FREED || decided === S.ALONE)) return DONE;
  }
  world.hold(handler, S.PLANNED, asManyAsGo(plan, world.freedMax));
  world.hold(handler, S.PC, S.FINALIZE);
  return DONE;
}

/** The transaction has room for so many; the others are kept, whatever kind they are of. */
function asManyAsGo(plan: number, most: number): number {
  let going = plan;
  for (let at = 0, left = most; plan >> at !== 0; at += 4) {
    if (((plan >> at) & 15) < S.FREED || left-- > 0) continue;
    going = (going & ~(15 << at)) | (S.KEPT << at);
  }
  return going;
}

/** 5 finalize */
export function finalize(world: World, handler: number): number {
  const { rules, layout } = world;
  if (rules.learningReads === 'after the count' && isHeldToLearn(world, handler, functionBits(world))) {
    end(world, handler);
    return DONE;
  }
  const parent = world.parentOf(handler);
  const refs = world.held(handler, S.REFS);
  const plan = world.held(handler, S.PLANNED);
  const freed: number[] = [];
  let holds = isAsRead(world, parent, world.held(handler, S.COPY) === S.CURRENT, rules.finalizeCompares);
  if (layout.isService(parent)) {
    if (rules.finalizeComparesLists && world.nets(parent) !== refs) holds = false;
    for (let n = 0; n < layout.size.networks; n++) {
      const decided = (plan >> (4 * n)) & 15;
      if (((refs >> n) & 1) === 0 || decided < S.FREED) continue;
      freed.push(layout.size.services + n);
      const compares = n > 0 && rules.freedAreCompared === 'one kind' ? 'nothing' : rules.freedCompares;
      if (!isAsRead(world, layout.size.services + n, decided === S.FREED, compares)) holds = false;
    }
  }
  if (!holds) {
    if (rules.afterCancelledFinalize === 'return') end(world, handler);
    else repeat(world, handler);
    return OUTCOME.cancelled;
  }
  for (const network of layout.isService(parent) ? freed : [parent]) excuse(world, handler, network);
  checkDeletion(world, parent);
  for (const network of freed) checkDeletion(world, network, 1 << parent);
  world.remove(parent);
  if (rules.finalizeDeletesCounter) world.deleteCounter(parent);
  if (layout.isService(parent) && rules.finalizeDetaches) {
    for (let n = 0; n < layout.size.networks; n++) {
      if (((refs >> n) & 1) === 0 || (n > 0 && rules.detachedAre === 'one kind')) continue;
      const isCounted = rules.keptAreWoken || freed.includes(layout.size.services + n);
      world.detach(layout.size.services + n, parent, isCounted);
    }
  }
  for (const network of freed) {
    world.remove(network);
    world.deleteCounter(network);
  }
  end(world, handler);
  return OUTCOME.committed;
}

export function isAsRead(world: World, parent: number, isSameMark: boolean, compares: string): boolean {
  if (compares === 'nothing') return true;
  if (compares === 'mark') return world.isMarked(parent);
  return isSameMark && world.get(parent, S.ITEM) === S.MARKED;
}

/** The promises that a deletion itself may break. `leaving`: the service that goes with a network. */
export function checkDeletion(world: World, parent: number, leaving = 0): void {
  const name = nameOf(world.layout, parent);
  if (world.get(parent, S.ITEM) === S.ABSENT) return;
  if (!world.isMarked(parent)) {
    world.broken ??= { promise: 'S3', message: `${name} was deleted without a mark` };
  }
  if (world.layout.isService(parent)) {
    const tasks = S.bitsOf(world.tasks(parent));
    if (tasks > 0)
      world.broken ??= { promise: 'S1', message: `${name} was deleted while ${tasks} of its tasks existed` };
    for (const below of world.below(parent)) {
      world.broken ??= {
        promise: 'S1',
        message: `${name} was deleted while ${nameOf(world.layout, below)} was under it`,
      };
    }
    return;
  }
  const bit = 1 << (parent - world.layout.size.services);
  for (let s = 0; s < world.layout.size.services; s++) {
    if ((world.nets(s) & bit) !== 0 && ((leaving >> s) & 1) === 0 && !world.isUnprotected(parent, s)) {
      world.broken ??= { promise: 'S2', message: `${name} was deleted while ${nameOf(world.layout, s)} used it` };
    }
  }
}
