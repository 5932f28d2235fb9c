/**
 * One state for all those that go on alike, so that each is explored once. Nothing here leaves out a way that the protocol
 * can go: what is forgotten is what no request will ever look at again.
 *
 * - Handlers differ only in what they hold: they are sorted.
 * - Who holds an epoch that is gone for good recounts in vain, whatever it would have added.
 * - Who holds a mark that is gone for good deletes in vain, and begins anew: it may as well do so at once. It only reads on
 *   the way there.
 * - A counter at or below zero wakes everybody, however far below: it is kept at zero, and those who will recount from it
 *   keep their distance. A distance beyond all children leads to zero or below, however great.
 */
import { repeat } from './handler.ts';
import type { Rules } from './rules.ts';
import { countChildren } from './settle.ts';
import * as S from './state.ts';
import type { World } from './world.ts';

export class Canonical {
  readonly #layout: S.Layout;
  readonly #keepsOrigin: boolean;
  readonly #forgetsSums: boolean;
  readonly #forgetsPlans: boolean;
  readonly #countsFromZero: boolean;

  /** A mutant of a rule may well look at what the protocol never does: then it is kept. */
  constructor(layout: S.Layout, rules: Rules, crashes: boolean) {
    this.#layout = layout;
    this.#keepsOrigin = crashes;
    // What is held looks at what it read, also under an epoch that is gone.
    this.#forgetsSums = rules.recountComparesEpoch && !layout.learns;
    this.#forgetsPlans =
      rules.finalizeCompares === 'mark and time' &&
      rules.freedCompares === 'mark and time' &&
      rules.freedAreCompared === 'all' &&
      rules.afterCancelledFinalize === 'repeat' &&
      rules.order === 'open parent count';
    this.#countsFromZero =
      !layout.learns &&
      rules.recountComparesEpoch &&
      rules.recountAdds === 'difference' &&
      rules.epoch === 'fresh' &&
      rules.creation === 'token' &&
      rules.reset === 'token' &&
      rules.resetEpoch === 'fresh' &&
      rules.settleWhen !== 'negative' &&
      rules.order !== 'parent count open';
  }

  /** `order`: places, moved as the handlers are. */
  make(world: World, order?: number[]): void {
    const { handlers } = this.#layout.size;
    for (let h = 0; h < handlers; h++) if (world.held(h, S.PC) !== S.IDLE) this.#forget(world, h);
    for (let p = 0; this.#countsFromZero && p < this.#layout.parents; p++) this.#countFromZero(world, p);
    sortHandlers(world.words, this.#layout, order);
  }

  #forget(world: World, h: number): void {
    let pc = world.held(h, S.PC);
    const isSettling = (pc >= S.OPEN && pc <= S.FINALIZE) || pc === S.OPEN_AGAIN || pc === S.STAMP_AGAIN;
    // What it was given matters again only if it dies.
    if (isSettling && !this.#keepsOrigin) world.hold(h, S.ORIGIN, 0);
    if (this.#forgetsPlans) this.#forgetPlan(world, h);
    pc = world.held(h, S.PC);
    const willRecount = pc === S.READ || pc === S.COUNT || pc === S.RECOUNT;
    if (this.#forgetsSums && willRecount && world.held(h, S.EPOCH) === S.STALE) world.hold(h, S.ADD, S.ZERO);
  }

  #forgetPlan(world: World, h: number): void {
    const { tasks, under, grace } = this.#layout.size;
    const isService = this.#layout.isService(world.parentOf(h));
    if (world.held(h, S.PC) === S.COUNT) {
      if (world.held(h, S.COPY) === S.STALE && !grace) world.hold(h, S.REFS, 0);
      // Where no service has tasks, its count is a request that finds nothing.
      if (isService && tasks === 0 && under.length === 0) countChildren(world, h);
    }
    const pc = world.held(h, S.PC);
    if (pc !== S.PLAN && pc !== S.FINALIZE) return;
    if (world.held(h, S.COPY) === S.STALE || (isService && freesInVain(world, h))) repeat(world, h);
  }

  #countFromZero(world: World, p: number): void {
    const counter = world.get(p, S.COUNTER);
    if (counter === 0 || counter === S.UNREADABLE) return;
    const { services, tasks, under, handlers } = this.#layout.size;
    const lift = Math.max(0, S.ZERO - counter);
    const remaining = counter + lift;
    const most = this.#layout.isService(p) ? tasks + under.length : services;
    world.set(p, S.COUNTER, remaining);
    for (let h = 0; h < handlers; h++) {
      const pc = world.held(h, S.PC);
      if (pc < S.READ || pc > S.RECOUNT || world.parentOf(h) !== p || world.held(h, S.EPOCH) !== S.CURRENT) continue;
      const add = world.held(h, S.ADD);
      // Before the count it holds what it read, and from then on what it adds.
      if (pc === S.READ || pc === S.COUNT) world.hold(h, S.ADD, Math.min(add + lift, remaining + most));
      else if (pc === S.RECOUNT) world.hold(h, S.ADD, Math.max(add - lift, S.ZERO - (remaining - S.ZERO)));
    }
  }
}

/** It would delete a network under a mark that is gone for good. */
function freesInVain(world: World, h: number): boolean {
  for (let plan = world.held(h, S.PLANNED); plan !== 0; plan >>= 4) {
    if ((plan & 15) === S.FREED + S.STALE - S.CURRENT) return true;
  }
  return false;
}

function sortHandlers(words: Uint32Array, layout: S.Layout, order?: number[]): void {
  const from = layout.handlersAt >> 2;
  const { handlers } = layout.size;
  for (let i = 1; i < handlers; i++) {
    for (let j = i; j > 0; j--) {
      const a = from + (j - 1) * 2;
      const low = words[a] as number;
      const high = words[a + 1] as number;
      const nextLow = words[a + 2] as number;
      const nextHigh = words[a + 3] as number;
      if (low < nextLow || (low === nextLow && high <= nextHigh)) break;
      words[a] = nextLow;
      words[a + 1] = nextHigh;
      words[a + 2] = low;
      words[a + 3] = high;
      if (order !== undefined) [order[j - 1], order[j]] = [order[j] as number, order[j - 1] as number];
    }
  }
}
