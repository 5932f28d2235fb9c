/**
 * Watches a world of any kinds: the promises of docs/design.md §5; beside them that nothing is told to stop without a mark, and that no
 * ring of items waits. With raw writers, what these may do to themselves is excused, as narrow as `raw-writers.ts` has it.
 */
import { keyOfItem, parseItemName } from '../../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { liesUnder } from '../../../lib/lifecycle/parents.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { heldBy, isGone } from '../../../lib/lifecycle/references.ts';
import { checkAlways, checkRest, checkStep, type World } from '../../../lib/protocol/invariants.ts';
import { DEFAULT_RULES } from '../../../lib/protocol/rules.ts';
import type { Promised, Violation } from '../../../lib/protocol/violations.ts';
import type { Item } from '../../../lib/testing/memory/tables.ts';
import type { Watcher } from '../../../lib/testing/simulation/watch.ts';

interface Seen {
  readonly key: ItemKey;
  readonly item: Item;
  readonly isGuarded: boolean;
  readonly isGone: boolean;
  readonly held: readonly string[];
  readonly under: readonly string[];
}

/** One moment, by the names of its items. */
interface Moment {
  readonly items: ReadonlyMap<string, Seen>;
  /** `held` and `holder`, with an arrow between. */
  readonly attached: ReadonlySet<string>;
  /** The children of each that are not gone. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly receipts: ReadonlySet<string>;
}

type Rows = Readonly<Record<string, readonly Item[]>>;

/** A reference that a raw write made without an attachment, and the mark of what it names when the attachment came. */
interface Unprotected {
  isHealed: boolean;
  healedUnder: unknown;
}

const arrow = (held: string, holder: string) => `${held} ← ${holder}`;

export class KindsWatch implements Watcher {
  readonly violations: Violation[] = [];
  deletions = 0;
  freed = 0;
  excused = 0;
  stopped = 0;
  readonly #plan: Plan;
  readonly #isRaw: boolean;
  readonly #unprotected = new Map<string, Unprotected>();
  /** The last moment, which is looked at twice. */
  #known: { readonly world: World; readonly moment: Moment } | undefined;

  constructor(plan: Plan, isRaw: boolean) {
    this.#plan = plan;
    this.#isRaw = isRaw;
  }

  step(before: World, after: World, nowEpochMillis: number): void {
    const [was, is] = [this.#moment(before), this.#moment(after)];
    if (this.#isRaw) this.#learn(was, is);
    this.#checkTold(was, is);
    const own = [...is.receipts].filter((receipt) => !was.receipts.has(receipt)).length;
    const gone = [...was.items].filter(([name, { isGuarded }]) => isGuarded && !is.items.has(name)).length;
    this.deletions += gone;
    this.freed += gone - own;
    if (gone === 0 && own === 0) return;
    for (const violation of checkStep(before, after, { rules: DEFAULT_RULES, plan: this.#plan, nowEpochMillis })) {
      if (this.#isExcused(violation, was)) this.excused++;
      else this.violations.push(violation);
    }
  }

  /** Each holder by itself: one that nothing protects excuses neither another one nor a counter that stays behind. */
  #isExcused({ subject, message }: Violation, { items }: Moment): boolean {
    const [, holder = ''] = /was deleted (?:while|without its attachment of) (\S+)/.exec(message) ?? [];
    const found = this.#unprotected.get(arrow(subject, holder));
    const mark = items.get(subject)?.item[this.#plan.attributes.markedAt];
    return found !== undefined && (!found.isHealed || found.healedUnder === mark);
  }

  /** An item is told only while its parent is marked: only the deallocator says so in these stories. */
  #checkTold(was: Moment, is: Moment): void {
    const { pendingDelete } = this.#plan.attributes;
    for (const [kind, { tells }] of Object.entries(this.#plan.kinds)) {
      for (const told of tells) {
        const isTold = ({ item }: Seen) => Object.entries(told.set).every(([name, text]) => item[name] === text);
        for (const [name, seen] of is.items) {
          const before = was.items.get(name);
          if (seen.key.kind !== told.kind || !isTold(seen) || (before !== undefined && isTold(before))) continue;
          this.stopped++;
          const parents = seen.under.filter((one) => one.startsWith(`${kind}#`));
          if (parents.every((parent) => was.items.get(parent)?.item[pendingDelete] === true)) continue;
          this.#tell('S3', name, `${name} was told to stop, and its ${kind} is not marked`);
        }
      }
    }
  }

  always(world: World, unprocessed: (parent: ItemKey) => number): void {
    if (world.counters.length === 0) return;
    this.violations.push(...checkAlways(world, unprocessed, this.#plan));
  }

  rest(world: World, lost: boolean, nowEpochMillis: number): void {
    this.#checkRest(world, nowEpochMillis, (violation, moment) => this.#isExcusedAtRest(violation, lost, moment));
  }

  restBeforeSweep(world: World, counters: readonly string[], nowEpochMillis: number): void {
    this.#checkRest(
      world,
      nowEpochMillis,
      (violation, moment) =>
        (violation.promise === 'S4' && counters.includes(violation.subject)) ||
        this.#isExcusedAtRest(violation, false, moment),
    );
  }

  #checkRest(world: World, nowEpochMillis: number, isExcused: (violation: Violation, moment: Moment) => boolean): void {
    const moment = this.#moment(world);
    for (const violation of checkRest(world, { rules: DEFAULT_RULES, plan: this.#plan, nowEpochMillis })) {
      if (isExcused(violation, moment)) this.excused++;
      else this.violations.push(violation);
    }
    for (const name of ringsIn(moment, this.#plan.attributes.pendingDelete)) {
      this.#tell('L1', name, `${name} waits for a ring of items`);
    }
  }

  #isExcusedAtRest({ promise, message }: Violation, lost: boolean, { items }: Moment): boolean {
    if (promise === 'S2') {
      const [, user = '', used = ''] = /^(\S+) refers to ([^\s,]+)/.exec(message) ?? [];
      const reference = this.#unprotected.get(arrow(used, user));
      return reference !== undefined && (!items.has(used) || (lost && !reference.isHealed));
    }
    // Of a leaf whose removal's record was lost, or of what had ended, to what is not marked: the sweep takes it away once that is.
    const [, held = '', holder = ''] = /^an attachment to (\S+) is left of ([^\s,]+)/.exec(message) ?? [];
    const { isGuarded = true, goneWhen } = this.#plan.kinds[parseItemName(this.#plan, holder)?.kind ?? ''] ?? {};
    const isMarked = items.get(held)?.item[this.#plan.attributes.pendingDelete] === true;
    return promise === 'S4' && lost && (!isGuarded || goneWhen !== undefined) && !isMarked;
  }

  #learn(was: Moment, is: Moment): void {
    const living = new Set<string>();
    for (const [holder, { held, item }] of is.items) {
      for (const one of held) {
        const reference = arrow(one, holder);
        living.add(reference);
        const isNew = was.items.get(holder)?.held.includes(one) !== true;
        const isAttached = is.attached.has(reference);
        if (isNew && (!isAttached || item.writtenRaw === true)) {
          if (!isAttached) this.#unprotected.set(reference, { isHealed: false, healedUnder: undefined });
        } else if (isNew) this.#unprotected.delete(reference);
        const known = this.#unprotected.get(reference);
        if (isAttached && known?.isHealed === false) {
          known.isHealed = true;
          known.healedUnder = is.items.get(one)?.item[this.#plan.attributes.markedAt];
        }
      }
    }
    for (const reference of this.#unprotected.keys()) {
      if (!living.has(reference) && !is.attached.has(reference)) this.#unprotected.delete(reference);
    }
  }

  #tell(promise: Promised, subject: string, message: string): void {
    this.violations.push({ promise, subject, message });
  }

  #moment(world: World): Moment {
    if (this.#known?.world === world) return this.#known.moment;
    const moment = momentOf(this.#plan, world as unknown as Rows);
    this.#known = { world, moment };
    return moment;
  }
}

const childrenOf = (children: Moment['children'], name: string) => children.get(name) ?? [];

/** Of the marked items, those that stay when again and again those are taken away that wait for anything else. */
function ringsIn({ items, children }: Moment, pendingDelete: string): ReadonlySet<string> {
  const waiting = new Set(
    [...items.keys()].filter(
      (name) => items.get(name)?.item[pendingDelete] === true && childrenOf(children, name).length > 0,
    ),
  );
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const name of waiting) {
      if (childrenOf(children, name).some((child) => !waiting.has(child))) waiting.delete(name);
    }
  }
  return waiting;
}

function momentOf(plan: Plan, rows: Rows): Moment {
  const items = new Map<string, Seen>();
  for (const [kind, planned] of Object.entries(plan.kinds)) {
    for (const item of rows[planned.table] ?? []) {
      const key = keyOfItem(plan, kind, item);
      if (key === undefined) continue;
      const held = heldBy(plan, kind, item).map(itemName);
      const under = liesUnder(plan, kind, item).map(itemName);
      items.set(itemName(key), {
        ...{ key, item, held, under },
        isGuarded: planned.isGuarded,
        isGone: isGone(planned, item),
      });
    }
  }
  const children = new Map<string, string[]>();
  const add = (parent: string, child: string) => children.set(parent, [...(children.get(parent) ?? []), child]);
  for (const [name, { under, isGone: hasEnded }] of items) {
    for (const parent of hasEnded ? [] : under) add(parent, name);
  }
  const attachments = (rows.attachments ?? []) as readonly { readonly held: string; readonly holder: string }[];
  for (const { held, holder } of attachments) add(held, holder);
  return {
    items,
    children,
    attached: new Set(attachments.map(({ held, holder }) => arrow(held, holder))),
    receipts: new Set((rows.receipts ?? []).map(({ id, markedAt }) => `${id} ${markedAt}`)),
  };
}
