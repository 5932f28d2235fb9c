/**
 * A removal that is refused while something uses its object: it looks for users, and then marks. These are two requests, since
 * no transaction can look at what is not there: who comes in between is kept by the mark, as by any other.
 */
import { isLearning } from './learning.ts';
import { OUTCOME, STEP } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';
import type { TakeWrite } from './writers.ts';

export function restrictedRemovals(world: World, p: number, take: TakeWrite): void {
  const item = world.get(p, S.ITEM);
  const call = world.bytes[world.layout.removalsAt + p] as number;
  const { restrictActs, restrictLooks } = world.rules;
  if (restrictActs === 'marks and looks') {
    markFirst(world, p, take);
    return;
  }
  if (call === 0 && item === S.UNMARKED && (!sees(world, p) || restrictLooks === 'at an index')) {
    take(STEP.lookForUsers, p, OUTCOME.done, (to) => {
      if (isUsed(to, p))
        to.broken = { promise: 'restrict', message: 'a removal was accepted although its object was in use' };
      setCall(to, p, S.LOOKED);
    });
  }
  if (call !== S.LOOKED) return;
  take(restrictActs === 'deletes' ? STEP.finalize : STEP.mark, p, OUTCOME.done, (to) => {
    setCall(to, p, 0);
    if (item !== S.UNMARKED) return;
    if (restrictActs === 'marks') to.markFresh(p);
    else to.remove(p);
  });
}

/** Mutant: marks, looks, and takes its mark back. Others are told of that mark meanwhile, and rely on it. */
function markFirst(world: World, p: number, take: TakeWrite): void {
  const item = world.get(p, S.ITEM);
  const call = world.bytes[world.layout.removalsAt + p] as number;
  if (call === 0 && item === S.UNMARKED) {
    take(STEP.mark, p, OUTCOME.done, (to) => {
      to.markFresh(p);
      setCall(to, p, S.MARKED_FIRST);
    });
  }
  if (call === S.MARKED_FIRST && item === S.MARKED) {
    take(STEP.mark, p, OUTCOME.refused, (to) => setCall(to, p, S.MARKED_FIRST | S.TOLD));
  }
  if (call === 0) return;
  take(sees(world, p) ? STEP.takeBack : STEP.lookForUsers, p, OUTCOME.done, (to) => {
    setCall(to, p, 0);
    if (!sees(to, p) || item !== S.MARKED) return;
    to.clearMark(p);
    if ((call & S.TOLD) !== 0) {
      to.broken = {
        promise: 'L1',
        message: 'a removal took back a mark that another one had been told of: nobody removes it',
      };
    }
  });
}

function setCall(world: World, p: number, call: number): void {
  world.bytes[world.layout.removalsAt + p] = call;
}

/** What the look finds: attachments, and what is under it by its key; while users are being counted, it can't tell. */
function sees(world: World, p: number): boolean {
  const { layout, rules } = world;
  const isService = layout.isService(p);
  const isHeld = !isService && layout.learns && isLearning(world, world.lifecycle(S.DEPLOYED));
  if (isHeld && rules.restrictWhileLearning === 'refused') return true;
  if (isService) return world.tasks(p) !== 0 || world.below(p).some((below) => !world.isMarked(below));
  return services(world).some((s) => ((world.attached(p) >> s) & 1) === 1 && !world.isMarked(s));
}

/** What there is: also what is declared and not attached. */
function isUsed(world: World, p: number): boolean {
  if (world.layout.isService(p)) return world.tasks(p) !== 0 || world.below(p).some((below) => !world.isMarked(below));
  const n = p - world.layout.size.services;
  return services(world).some((s) => {
    const isKnown = world.isOld(s) || ((world.attached(p) >> s) & 1) === 1;
    return isKnown && ((world.nets(s) >> n) & 1) === 1 && !world.isMarked(s);
  });
}

function services(world: World): number[] {
  return Array.from({ length: world.layout.size.services }, (_, s) => s);
}
