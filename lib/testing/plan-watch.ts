/** Watches every step of a simulated world of any kinds for a broken promise; its writers are code of others. */
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { checkAlways, checkRest, checkStep, type World } from '../protocol/invariants.ts';
import { type StoredItem, tellItem } from '../protocol/rest.ts';
import type { Rules } from '../protocol/rules.ts';
import { itemsOf } from '../protocol/tables.ts';
import type { Violation } from '../protocol/violations.ts';
import type { Watcher } from './simulation/watch.ts';

export class PlanWatch implements Watcher {
  readonly violations: Violation[] = [];
  deletions = 0;
  freed = 0;
  excused = 0;
  stopped = 0;
  readonly #plan: Plan;
  readonly #rules: Rules;

  constructor(plan: Plan, rules: Rules) {
    this.#plan = plan;
    this.#rules = rules;
  }

  step(before: World, after: World, nowEpochMillis: number): void {
    this.#checkBirths(before, after);
    const receipts = (after.receipts ?? []).slice(before.receipts?.length ?? 0);
    const freed = receipts.reduce((sum, receipt) => sum + ((receipt.freed ?? []) as unknown[]).length, 0);
    this.freed += freed;
    this.deletions += receipts.length + freed;
    this.violations.push(...checkStep(before, after, { plan: this.#plan, rules: this.#rules, nowEpochMillis }));
  }

  always(world: World, unprocessed: (parent: ItemKey) => number): void {
    if (world.counters.length > 0) this.violations.push(...checkAlways(world, unprocessed, this.#plan));
  }

  rest(world: World, lost: boolean, nowEpochMillis: number): void {
    for (const violation of this.#restOf(world, nowEpochMillis)) {
      if (lost && this.#isLeftOfLeaf(violation, world)) this.excused++;
      else this.violations.push(violation);
    }
  }

  restBeforeSweep(world: World, counters: readonly string[], nowEpochMillis: number): void {
    for (const violation of this.#restOf(world, nowEpochMillis)) {
      if (violation.promise === 'S4' && counters.includes(violation.subject)) this.excused++;
      else this.violations.push(violation);
    }
  }

  #restOf(world: World, nowEpochMillis: number): Violation[] {
    return checkRest(world, { plan: this.#plan, rules: this.#rules, nowEpochMillis });
  }

  /** What comes when that on which it depends is gone already: at rest it may be gone again, or that be there anew. */
  #checkBirths(before: World, after: World): void {
    for (const [kind, { under, holds }] of Object.entries(this.#plan.kinds)) {
      const [was, is] = [itemsOf(this.#plan, before, kind), itemsOf(this.#plan, after, kind)];
      if (was === is || under.length + holds.length === 0) continue;
      const known = new Set(was.flatMap((item) => this.#needs(kind, item)));
      const there = this.#namesIn(after);
      for (const need of is.flatMap((item) => this.#needs(kind, item))) {
        const [promise, name, other] = JSON.parse(need) as [Violation['promise'], string, string];
        if (known.has(need) || there.has(other)) continue;
        this.violations.push({
          promise,
          subject: name,
          message: `${name} was written, and ${other}, on which it depends, is not there`,
        });
      }
    }
  }

  #needs(kind: string, item: StoredItem): string[] {
    const { key, hasEnded, under, held } = tellItem(this.#plan, kind, item);
    if (key === undefined || hasEnded) return [];
    const name = itemName(key);
    return [
      ...under.map((parent) => JSON.stringify(['S1', name, itemName(parent)])),
      ...held.map((one) => JSON.stringify(['S2', name, itemName(one)])),
    ];
  }

  #namesIn(world: World): Set<string> {
    return new Set(
      this.#plan.sweep.flatMap((kind) =>
        itemsOf(this.#plan, world, kind).flatMap((item) => {
          const { key } = tellItem(this.#plan, kind, item);
          return key === undefined ? [] : [itemName(key)];
        }),
      ),
    );
  }

  /** An attachment of a leaf whose removal's record was lost, to what is not marked: the sweep takes it away once that is. */
  #isLeftOfLeaf({ promise, subject }: Violation, world: World): boolean {
    if (promise !== 'S4') return false;
    const found = world.attachments.find(({ held, holder }) => subject === `attachment#${held}#${holder}`);
    const holderKind = found?.holder.split('#')[0] ?? '';
    if (found === undefined || this.#plan.kinds[holderKind]?.isGuarded !== false) return false;
    return this.#plan.sweep.every((kind) =>
      itemsOf(this.#plan, world, kind).every((item) => {
        const { key } = tellItem(this.#plan, kind, item);
        const isIt = key !== undefined && itemName(key) === found.held;
        return !isIt || item[this.#plan.attributes.pendingDelete] !== true;
      }),
    );
  }
}
