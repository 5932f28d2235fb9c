/**
 * Learning: docs/design.md §4.4. A deployment may bring references that nobody has attached yet. From then on until one heal of
 * everything has come to its end, "nobody is attached" proves nothing, and marks are held.
 *
 * In these worlds a deployment knows of the first so many services that they refer to networks, and nothing of the others: they
 * stand for holders of a kind whose dependency is declared later.
 */
import { FAULT } from './checker.ts';
import type { TakeDelivery } from './deliveries.ts';
import { end } from './handler.ts';
import { readHealed } from './heal.ts';
import { OUTCOME, STEP } from './names.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

const DONE = OUTCOME.done;
const REFUSED = OUTCOME.refused;

function declarationOf(world: World, deployment: number): number {
  return world.layout.size.deployments[deployment] as number;
}

/** What the item `lifecycle` says to a function of this deployment. */
export function isLearning(world: World, deployment: number): boolean {
  const isOwn = world.lifecycle(S.DECLARED) === declarationOf(world, deployment);
  return isOwn ? world.lifecycle(S.LEARNING) !== 0 : world.rules.unknownIs === 'learning';
}

/** What a function holds in WHO from its start: which deployment it is of, and what it read in the item `lifecycle`. */
export function functionBits(world: World): number {
  if (!world.layout.learns) return 0;
  const deployment = world.lifecycle(S.DEPLOYED);
  const isStuck = world.rules.learningIsRead === 'once' && deployment > 0;
  return (deployment << S.DEPLOYMENT_SHIFT) | (isStuck || isLearning(world, deployment) ? S.SEES_LEARNING : 0);
}

export function isHeldToLearn(world: World, handler: number, bits = world.held(handler, S.WHO)): boolean {
  return !world.layout.isService(world.parentOf(handler)) && (bits & S.SEES_LEARNING) !== 0;
}

/** Mutant: a stream's function is still the old one, though the sweep is not, and lets a record go by. */
export function consumesUnknowing(world: World): boolean {
  return world.layout.learns && world.rules.functionsAreDeployed === 'after the sweep';
}

/**
 * A function that decided before its deployment was over deletes by the declaration that it has: that is the old one's, until
 * the item says that the new one's references are learned.
 */
export function excuse(world: World, handler: number, network: number): void {
  if (!world.layout.learns) return;
  const deployment = (world.held(handler, S.WHO) >> S.DEPLOYMENT_SHIFT) & 3;
  if (deployment === world.lifecycle(S.DEPLOYED)) return;
  for (let s = 0; s < world.layout.size.services; s++) {
    const isLearned = s < world.lifecycle(S.DECLARED) && ((world.lifecycle(S.LEARNING) >> s) & 1) === 0;
    const refers = ((world.nets(s) >> (network - world.layout.size.services)) & 1) === 1;
    if (refers && !isLearned) world.noteLate(network, s, true);
  }
}

export function nextDeployments(world: World, take: TakeDelivery): void {
  const { deployments, handlers } = world.layout.size;
  const deployment = world.lifecycle(S.DEPLOYED);
  const isTaken = world.lifecycle(S.DECLARED) === declarationOf(world, deployment);
  const isLess = deployment > 0 && declarationOf(world, deployment) < declarationOf(world, deployment - 1);
  const mustWait = isLess && !isTaken && world.rules.deploymentWaits;
  if (deployment + 1 < deployments.length && !mustWait) take(FAULT, STEP.deploy, -1, 0, deploy);
  for (let h = 0; h < handlers; h++) {
    if (world.held(h, S.PC) !== S.IDLE) continue;
    take(FAULT, STEP.readLifecycle, h, S.NOBODY, (to) => startSweep(to, h));
    return;
  }
}

function deploy(world: World): number {
  const { services, networks } = world.layout.size;
  const deployment = world.lifecycle(S.DEPLOYED) + 1;
  const before = declarationOf(world, deployment - 1);
  const now = declarationOf(world, deployment);
  world.setLifecycle(S.DEPLOYED, deployment);
  world.setLifecycle(S.UNSETTLED, S.NOT_SWEPT);
  for (let s = 0; s < services; s++) {
    if (s >= now) {
      world.forgetOld(s);
      world.bytes[world.layout.healsAt + s] = 0;
    } else if (s >= before && world.nets(s) !== 0) {
      world.setLifecycle(S.OLD, world.lifecycle(S.OLD) | (1 << s));
      for (let n = 0; n < networks; n++) {
        const isMissing = world.get(services + n, S.ITEM) === S.ABSENT;
        world.noteLate(services + n, s, isMissing && ((world.nets(s) >> n) & 1) === 1);
      }
    }
  }
  return DONE;
}

// The sweep: it takes the declaration, heals page by page, says that it has learned, and settles what is marked

function startSweep(world: World, handler: number): number {
  const deployment = world.lifecycle(S.DEPLOYED);
  world.hold(handler, S.WHO, S.NOBODY | S.PATIENT | (deployment << S.DEPLOYMENT_SHIFT));
  // Sweeps have no order: one of a former deployment may take its own declaration once more. Then the next one mends it.
  if (world.lifecycle(S.UNSETTLED) === S.NOT_SWEPT && !isFormerRunning(world, handler))
    world.setLifecycle(S.UNSETTLED, S.SWEEPING);
  world.hold(handler, S.EPOCH, S.CURRENT);
  if (world.lifecycle(S.DECLARED) !== declarationOf(world, deployment)) world.hold(handler, S.PC, S.LEARN_TAKE);
  else if (world.lifecycle(S.LEARNING) !== 0) goOn(world, handler, world.lifecycle(S.PLACE));
  else listNext(world, handler);
  return DONE;
}

function isFormerRunning(world: World, but: number): boolean {
  for (let h = 0; h < world.layout.size.handlers; h++) {
    if (h === but || world.held(h, S.PC) === S.IDLE) continue;
    if (((world.held(h, S.WHO) >> S.DEPLOYMENT_SHIFT) & 3) !== world.lifecycle(S.DEPLOYED)) return true;
  }
  return false;
}

function declared(world: World, handler: number): number {
  return declarationOf(world, (world.held(handler, S.WHO) >> S.DEPLOYMENT_SHIFT) & 3);
}

function goOn(world: World, handler: number, page: number): void {
  const { services } = world.layout.size;
  world.hold(handler, S.ADD, page);
  const isLast = page >= services || (world.rules.learningEnds === 'before the last page' && page === services - 1);
  world.hold(handler, S.PC, isLast ? S.LEARN_END : S.LEARN_PAGE);
}

function listNext(world: World, handler: number): void {
  world.hold(handler, S.PC, S.LEARN_LIST);
}

/** The item is as this sweep read it, or wrote it. */
function isSameVersion(world: World, handler: number, compares: boolean): boolean {
  return !compares || world.held(handler, S.EPOCH) === S.CURRENT;
}

function renewVersion(world: World, handler: number): void {
  for (let h = 0; h < world.layout.size.handlers; h++) {
    if (world.held(h, S.PC) !== S.IDLE && world.parentOf(h) === S.NOBODY) world.hold(h, S.EPOCH, S.STALE);
  }
  world.hold(handler, S.EPOCH, S.CURRENT);
}

export function takeDeclaration(world: World, handler: number): number {
  if (!isSameVersion(world, handler, world.rules.takeCompares)) {
    listNext(world, handler);
    return REFUSED;
  }
  const all = (count: number) => (1 << count) - 1;
  const learned = all(world.lifecycle(S.DECLARED)) & ~world.lifecycle(S.LEARNING);
  world.setLifecycle(S.LEARNING, all(declared(world, handler)) & ~learned);
  world.setLifecycle(S.DECLARED, declared(world, handler));
  if (world.rules.takeForgetsPlace) world.setLifecycle(S.PLACE, 0);
  renewVersion(world, handler);
  if (world.lifecycle(S.LEARNING) !== 0) goOn(world, handler, world.lifecycle(S.PLACE));
  else listNext(world, handler);
  return DONE;
}

/** A page is one service, those that are declared last come first. What the declaration does not know is passed over. */
export function readPage(world: World, handler: number): number {
  const service = world.layout.size.services - 1 - world.held(handler, S.ADD);
  const isKnown = service < declared(world, handler);
  if (!isKnown || world.get(service, S.ITEM) === S.ABSENT) return missPage(world, handler);
  world.hold(handler, S.COPY, service + 1);
  return readHealed(world, handler);
}

/** Nothing is on the page. */
export function missPage(world: World, handler: number): number {
  pageHealed(world, handler);
  return DONE;
}

export function pageHealed(world: World, handler: number): void {
  const next = world.held(handler, S.ADD) + 1;
  for (const field of [S.COPY, S.REFS, S.PLANNED]) world.hold(handler, field, 0);
  world.hold(handler, S.ADD, next);
  if (next < world.layout.size.services) world.hold(handler, S.PC, S.LEARN_PLACE);
  else goOn(world, handler, next);
}

export function savePlace(world: World, handler: number): number {
  if (!isSameVersion(world, handler, world.rules.placeCompares)) {
    listNext(world, handler);
    return REFUSED;
  }
  world.setLifecycle(S.PLACE, world.held(handler, S.ADD));
  goOn(world, handler, world.held(handler, S.ADD));
  return DONE;
}

/** Whoever read, before the declaration was taken, that all is learned, has ended: its function's time is over. */
export function mayEnd(world: World): boolean {
  if (!world.rules.endWaits) return true;
  for (let h = 0; h < world.layout.size.handlers; h++) {
    if (world.held(h, S.PC) === S.IDLE || world.parentOf(h) === S.NOBODY) continue;
    if ((world.held(h, S.WHO) & S.SEES_LEARNING) === 0) return false;
  }
  return true;
}

export function endLearning(world: World, handler: number): number {
  const holds = isSameVersion(world, handler, world.rules.endCompares);
  if (holds) {
    world.setLifecycle(S.LEARNING, 0);
    world.setLifecycle(S.PLACE, 0);
    renewVersion(world, handler);
  }
  if (world.rules.settlesMarked === 'before the end') end(world, handler);
  else listNext(world, handler);
  return holds ? DONE : REFUSED;
}

/** The network, if it is marked or has a counter. */
export function listMarked(world: World, handler: number): number {
  const network = world.layout.size.services;
  const item = world.get(network, S.ITEM);
  const isListed = item === S.MARKED || item === S.LEFTOVER || world.get(network, S.COUNTER) !== 0;
  const deployment = (world.held(handler, S.WHO) >> S.DEPLOYMENT_SHIFT) & 3;
  for (const field of [S.EPOCH, S.ADD]) world.hold(handler, field, 0);
  if (!isListed) {
    end(world, handler);
    return DONE;
  }
  const sees = isLearning(world, deployment) ? S.SEES_LEARNING : 0;
  world.hold(handler, S.WHO, network | S.PATIENT | (deployment << S.DEPLOYMENT_SHIFT) | sees);
  world.hold(handler, S.PC, S.SWEEP_ATTACHED);
  return DONE;
}
