/**
 * The protocol, request by request: docs/design.md §4.1 as `lib/protocol/{settle,finalize,heal}.ts` have it. Each function here
 * is one request by one handler, changes the world as that request does, and sets what the handler does next.
 */
import { PROTOCOL } from './checker.ts';
import { finalize, planNetwork } from './finalize.ts';
import type { Request } from './handler.ts';
import { heal, listAttachedOfMarked, readAttachments, readHealed, readUser } from './heal.ts';
import * as learning from './learning.ts';
import { STEP } from './names.ts';
import { isStuck, resetAgain } from './reset.ts';
import * as settle from './settle.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

/** Gives a handler's next requests, each in every way that it may go. */
export type Take = (by: number, step: number, handler: number, request: Request) => void;

/** All requests that a handler may make now. */
export function nextRequests(world: World, handler: number, faults: settle.Faults, take: Take): void {
  const { rules } = world;
  const may = (step: number, request: Request) => take(PROTOCOL, step, handler, request);
  const lost = (step: number, request: Request) => {
    if (faults.lostAnswers) take(LOST, step, handler, request);
  };
  if (isStuck(world, handler)) return;
  switch (world.held(handler, S.PC)) {
    case S.DECREMENT:
      may(STEP.decrement, settle.decrement);
      lost(STEP.decrement, settle.decrementUnanswered);
      return;
    case S.OPEN:
      for (const open of settle.openings(world, world.parentOf(handler), faults)) may(STEP.openCounter, open);
      return;
    case S.RESET_AGAIN:
      may(STEP.resetUnreadable, resetAgain);
      return;
    case S.OPEN_AGAIN:
      may(STEP.openCounter, settle.openAgain);
      return;
    case S.READ:
      may(STEP.readParent, settle.readParent);
      return;
    case S.STAMP:
      may(STEP.stampMark, settle.stampMark);
      if (rules.stamp === 'again') lost(STEP.stampMark, settle.stampUnanswered);
      return;
    case S.STAMP_AGAIN:
      may(STEP.stampMark, settle.stampAgain);
      return;
    case S.UNSTAMP:
      may(STEP.unstampMark, settle.unstampMark);
      lost(STEP.unstampMark, settle.unstampUnanswered);
      return;
    case S.CLOSE:
      may(STEP.closeCounter, settle.closeCounter);
      if (settle.isSameEpoch(world, handler)) lost(STEP.closeCounter, settle.closeUnanswered);
      return;
    case S.COUNT:
      may(STEP.countChildren, faults.itemByItem ? settle.countOneChild : settle.countChildren);
      if (rules.countFailure === 'take it for none') take(FAULTY, STEP.countChildren, handler, settle.countNone);
      return;
    case S.RECOUNT:
      may(STEP.recount, settle.recount);
      if (settle.isSameEpoch(world, handler)) lost(STEP.recount, settle.recountUnanswered);
      return;
    case S.PLAN:
      for (let n = 0; n < world.layout.size.networks; n++) planNetwork(world, handler, n, may);
      return;
    case S.FINALIZE:
      may(STEP.finalize, finalize);
      return;
    case S.LOOK:
      may(STEP.findDraining, settle.findDraining);
      return;
    case S.HEAL_READ:
      may(STEP.readParent, readHealed);
      return;
    case S.HEAL_ATTACHMENTS:
      may(STEP.readAttachments, readAttachments);
      return;
    case S.HEAL:
      may(STEP.heal, heal);
      return;
    case S.LEARN_TAKE:
      may(STEP.takeDeclaration, learning.takeDeclaration);
      return;
    case S.LEARN_PAGE:
      may(STEP.readPage, learning.readPage);
      if (rules.pagesFrom === 'an index') take(FAULTY, STEP.readPage, handler, learning.missPage);
      return;
    case S.LEARN_PLACE:
      may(STEP.savePlace, learning.savePlace);
      return;
    case S.LEARN_END:
      if (learning.mayEnd(world)) may(STEP.endLearning, learning.endLearning);
      return;
    case S.LEARN_LIST:
      may(STEP.listMarked, learning.listMarked);
      return;
    case S.SWEEP_ATTACHED:
      may(STEP.listAttached, listAttachedOfMarked);
      return;
    case S.SWEEP_USERS:
      for (let s = 0; s < world.layout.size.services; s++) {
        if ((world.held(handler, S.REFS) >> s) & 1) may(STEP.readParent, (w, h) => readUser(w, h, s));
      }
      return;
  }
}

/** Not steps of the protocol, though a handler takes them. */
const LOST = 2;
const FAULTY = 2;
