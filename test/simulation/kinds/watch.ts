/**
 * The promises of `docs/design.md §5` for any kinds, by what the lifecycle says and nothing that the functions do: at each step, and at
 * rest. With raw writers, what these may do to themselves is excused, as narrow as `raw-writers.ts` has it.
 */
import { keyOfItem, parseItemName } from '../../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { liesUnder } from '../../../lib/lifecycle/parents.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { heldBy, isGone } from '../../../lib/lifecycle/references.ts';
import type { Promised, Violation, World } from '../../../lib/protocol/invariants.ts';
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
  readonly counters: ReadonlyMap<string, number>;
  readonly receipts: ReadonlyMap<string, readonly string[]>;
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

  step(before: World, after: World): void {
    const [was, is] = [this.#moment(before), this.#moment(after)];
    if (this.#isRaw) this.#learn(was, is);
    this.#checkTold(was, is);
    const receipted = new Set([...is.receipts].flatMap(([id, names]) => (was.receipts.has(id) ? [] : names)));
    const gone = [...was.items].filter(([name, { isGuarded }]) => isGuarded && !is.items.has(name));
    const own = gone.filter(([name]) =>
      [...is.receipts.keys()].some((id) => !was.receipts.has(id) && id.startsWith(`${name} `)),
    );
    this.deletions += gone.length;
    this.freed += gone.length - own.length;
    for (const [name, seen] of gone) this.#checkDeletion(name, seen, { was, is, hasReceipt: receipted.delete(name) });
    for (const name of receipted) this.#tell('S4', name, `a receipt says that ${name} was deleted, which it was not`);
  }

  #checkDeletion(
    name: string,
    { item, isGone: hasEnded }: Seen,
    { was, is, hasReceipt }: { readonly was: Moment; readonly is: Moment; readonly hasReceipt: boolean },
  ): void {
    const { pendingDelete, protected: shield } = this.#plan.attributes;
    const tell = (promise: Promised, how: string) => this.#tell(promise, name, `${name} was deleted ${how}`);
    const children = [...was.items].filter(([, child]) => !child.isGone && child.under.includes(name));
    for (const [child] of children) tell('S1', `while ${child} was under it`);
    for (const [user, { held }] of is.items) {
      if (held.includes(name) && !this.#isExcused(name, user, item)) tell('S2', `while ${user} held it`);
    }
    if (item[pendingDelete] !== true) tell('S3', 'without a mark');
    if (item[shield] === true) tell('S3', 'although it was protected');
    if (is.counters.has(name)) tell('S6', 'without its counter');
    if (!hasReceipt) tell('S6', 'without a receipt');
    for (const pair of is.attached) {
      const [held = '', holder = ''] = pair.split(' ← ');
      // What has ended holds nothing any more: the record of its end takes the attachments away.
      if (holder === name && !hasEnded) tell('S6', `without its attachment to ${held}`);
      if (held === name && !this.#isExcused(name, holder, item)) tell('S6', `without its attachment of ${holder}`);
    }
  }

  #isExcused(held: string, holder: string, { [this.#plan.attributes.markedAt]: mark }: Item): boolean {
    const found = this.#unprotected.get(arrow(held, holder));
    const isExcused = found !== undefined && (!found.isHealed || found.healedUnder === mark);
    if (isExcused) this.excused++;
    return isExcused;
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
    if (world.counters.length > 0) this.#checkCounters(this.#moment(world), unprocessed);
  }

  #checkCounters({ counters, children }: Moment, unprocessed: (parent: ItemKey) => number): void {
    for (const [name, remaining] of counters) {
      const key = parseItemName(this.#plan, name);
      const most = childrenOf(children, name).length + (key === undefined ? 0 : unprocessed(key));
      if (remaining > most)
        this.#tell('S7', name, `the counter of ${name} says ${remaining}, and must not be over ${most}`);
    }
  }

  rest(world: World, lost: boolean): void {
    for (const violation of this.#restOf(this.#moment(world))) {
      if (this.#isExcusedAtRest(violation, lost, this.#moment(world))) this.excused++;
      else this.violations.push(violation);
    }
  }

  restBeforeSweep(world: World, counters: readonly string[]): void {
    for (const violation of this.#restOf(this.#moment(world))) {
      if (violation.promise === 'S4' && counters.includes(violation.subject)) this.excused++;
      else if (this.#isExcusedAtRest(violation, false, this.#moment(world))) this.excused++;
      else this.violations.push(violation);
    }
  }

  *#restOf(moment: Moment): Generator<Violation> {
    const { items, attached, counters, children } = moment;
    const { pendingDelete, protected: shield } = this.#plan.attributes;
    const wanted = new Set<string>();
    for (const [name, { isGone: hasEnded, under, held }] of items) {
      for (const parent of hasEnded ? [] : under) {
        if (!items.has(parent)) yield of('S1', name, `${name} is left of ${parent}, which is gone`);
      }
      for (const one of held) {
        wanted.add(arrow(one, name));
        if (!items.has(one)) yield of('S2', arrow(one, name), `${name} holds ${one}, which is not there`);
        else if (!attached.has(arrow(one, name)))
          yield of('S2', arrow(one, name), `${name} holds ${one} without an attachment`);
      }
    }
    for (const pair of attached) if (!wanted.has(pair)) yield of('S4', pair, `an attachment is left: ${pair}`);
    for (const [name, remaining] of counters) {
      if (remaining > childrenOf(children, name).length)
        yield of('S7', name, `the counter of ${name} says ${remaining}`);
      if (items.get(name)?.item[pendingDelete] !== true) yield of('S4', name, `a counter is left of ${name}`);
    }
    for (const [name, { item, isGuarded }] of items) {
      if (!isGuarded || item[pendingDelete] !== true) continue;
      const isWaiting = childrenOf(children, name).length > 0;
      if (isWaiting && !counters.has(name)) yield of('L1', name, `${name} drains, and no counter would wake it`);
      if (!isWaiting && item[shield] !== true)
        yield of('L1', name, `${name} is marked, without children, and still there`);
    }
    for (const name of ringsIn(moment, pendingDelete)) yield of('L1', name, `${name} waits for a ring of items`);
  }

  #isExcusedAtRest({ promise, subject }: Violation, lost: boolean, { items }: Moment): boolean {
    const [held = '', holder = ''] = subject.split(' ← ');
    if (promise === 'S2') {
      const reference = this.#unprotected.get(subject);
      if (reference === undefined) return false;
      return items.has(held) ? lost && !reference.isHealed : true;
    }
    // Of a leaf whose removal's record was lost, or of what had ended, to what is not marked: the sweep takes it away once that is.
    const kind = parseItemName(this.#plan, holder)?.kind ?? '';
    const { isGuarded = true, goneWhen } = this.#plan.kinds[kind] ?? {};
    return (
      promise === 'S4' &&
      lost &&
      (!isGuarded || goneWhen !== undefined) &&
      items.get(held)?.item[this.#plan.attributes.pendingDelete] !== true
    );
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
    this.violations.push(of(promise, subject, message));
  }

  #moment(world: World): Moment {
    if (this.#known?.world === world) return this.#known.moment;
    const moment = momentOf(this.#plan, world as unknown as Rows);
    this.#known = { world, moment };
    return moment;
  }
}

function of(promise: Promised, subject: string, message: string): Violation {
  return { promise, subject, message };
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
    counters: new Map((rows.counters ?? []).map(({ id, remaining }) => [String(id), Number(remaining)])),
    receipts: new Map(
      (rows.receipts ?? []).map(({ id, markedAt, freed }) => [
        `${id} ${markedAt}`,
        [String(id), ...((freed ?? []) as { readonly id: string }[]).map((one) => one.id)],
      ]),
    ),
  };
}
