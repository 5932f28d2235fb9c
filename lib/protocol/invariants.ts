/**
 * The promises of docs/design.md §5 as checks, one function a kind of moment. Tests, the demo and the audit all use these;
 * none of them has a copy.
 *
 * | promise | checked by |
 * |---|---|
 * | S1 no service is deleted while a task of it exists; no task of a deleted service is left | `checkStep`, `checkRest` |
 * | S2 no network is deleted while a service refers to it, nor a task where tasks hold networks | `checkStep`, `checkRest` |
 * | S3 nothing that is not marked is deleted | `checkStep` |
 * | S4 at rest nothing is left over | `checkRest` |
 * | S5 a reused id is a new life | `checkStep`: a new life is not marked, so S3 holds it |
 * | S6 service, counter, attachments and free networks go together | `checkStep` |
 * | S7 a counter is never too high | `checkAlways`, `checkRest` |
 * | L1 children gone, records delivered: the parent goes | `checkRest` |
 */
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { type Circumstances, findHold } from './decide.ts';
import { NETWORKS_PER_SERVICE_MAX } from './limits.ts';
import {
  networkLists,
  PARENT_KINDS,
  type ParentKind,
  parseHeldName,
  parseParentName,
  referencedNetworks,
  referredTo,
  taskKey,
  taskNetworkLists,
} from './model.ts';
import { DEFAULT_RULES, isGoneByState, type Rules } from './rules.ts';

/** The promises, as docs/design.md §5 numbers them. */
export type Promised = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'L1' | 'L2' | 'L3' | 'L4';

/** A promise that was found broken. */
export interface Violation {
  /** Which one: `S…` what never happens, `L…` what happens in the end. */
  readonly promise: Promised;
  /** What it is about: `service#web`, `attachment#network#front#service#web`, … */
  readonly subject: string;
  /** A sentence for the person who must act. */
  readonly message: string;
}

export interface StoredParent {
  readonly id: string;
  readonly pendingDelete?: unknown;
  readonly markedAt?: unknown;
  readonly spec?: unknown;
  readonly protected?: unknown;
}

export interface StoredTask {
  readonly serviceId: string;
  readonly id: string;
  readonly status?: unknown;
  readonly networks?: unknown;
}

/** All items of the six tables at one moment. */
export interface World {
  readonly services: readonly StoredParent[];
  readonly networks: readonly StoredParent[];
  readonly tasks: readonly StoredTask[];
  readonly attachments: readonly { readonly held: string; readonly holder: string }[];
  readonly counters: readonly { readonly id: string; readonly remaining: number }[];
  /** Absent where no receipts are kept: then they are not looked at. */
  readonly receipts?: readonly StoredReceipt[];
}

export interface StoredReceipt {
  readonly id: string;
  readonly markedAt: string;
  readonly freed?: unknown;
}

/** Without a grace period, any moment is as good as another. */
const UNDATED: Circumstances = { rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };

/** Holds at every moment. `unprocessed`: removal records of a parent's children that no function has counted yet. */
export function checkAlways(
  world: World,
  unprocessed: (parent: ItemKey) => number,
  rules: Rules = DEFAULT_RULES,
): Violation[] {
  const living = countChildren(world, rules);
  return world.counters.flatMap(({ id, remaining }) => {
    const parent = parseParentName(id);
    if (parent === undefined) return [];
    const children = living.get(id) ?? 0;
    const removals = unprocessed(parent);
    if (remaining <= children + removals) return [];
    const message = `the counter of ${id} says ${remaining}, but only ${children} children are left and ${removals} removals are not counted yet; a sweep sets it right`;
    return [violation('S7', id, message)];
  });
}

export function parentsIn(world: World, kind: string): readonly StoredParent[] {
  return kind === 'service' ? world.services : world.networks;
}

/** Holds for each single write, a raw one too, as long as only the deallocator deletes services and networks. */
export function checkStep(before: World, after: World, circumstances: Circumstances = UNDATED): Violation[] {
  const receipted = after.receipts && new Set(newReceipts(before, after).flatMap(namesIn));
  const violations: Violation[] = [];
  for (const kind of PARENT_KINDS) {
    for (const parent of deleted(parentsIn(before, kind), parentsIn(after, kind))) {
      const name = itemName({ kind, id: parent.id });
      const hasReceipt = receipted?.delete(name) !== false;
      for (const [promise, how] of faultsOf({ kind, parent, hasReceipt }, before, after, circumstances)) {
        violations.push(violation(promise, name, `${name} was deleted ${how}`));
      }
    }
  }
  for (const name of receipted ?? []) {
    violations.push(violation('S4', name, `a receipt says that ${name} was deleted, which it was not`));
  }
  return violations;
}

function* faultsOf(
  { kind, parent, hasReceipt }: { kind: ParentKind; parent: StoredParent; hasReceipt: boolean },
  before: World,
  after: World,
  circumstances: Circumstances,
): Generator<[Promised, string]> {
  const { rules } = circumstances;
  const { id } = parent;
  const isService = kind === 'service';
  const tasks = isService ? before.tasks.filter((task) => task.serviceId === id && !hasEnded(task, rules)) : [];
  if (tasks.length > 0) yield ['S1', `while ${tasks.length} of its tasks existed`];

  const hold = holdOf(kind, parent, circumstances);
  if (parent.pendingDelete !== true) yield ['S3', 'without a mark'];
  if (hold === 'protected') yield ['S3', 'although it was protected'];
  if (hold === 'grace period') yield ['S3', 'before its grace period was over'];
  if (after.counters.some((counter) => counter.id === itemName({ kind, id }))) yield ['S6', 'without its counter'];
  if (!hasReceipt) yield ['S6', 'without a receipt'];

  for (const { key, references } of isService ? [] : usersOf(after, rules)) {
    if (references.includes(id)) yield ['S2', `while ${itemName(key)} used it`];
  }
  const detached = isService ? references(parent).slice(0, NETWORKS_PER_SERVICE_MAX).map(heldName) : [];
  const name = itemName({ kind, id });
  for (const { held, holder } of after.attachments) {
    if (holder === name && detached.includes(held)) yield ['S6', `without its attachment to ${held}`];
    if (!isService && held === name) yield ['S6', `without its attachment of ${holder}`];
  }
}

/** Holds once every record has been delivered and every function has returned. */
export function checkRest(world: World, circumstances: Circumstances = UNDATED): Violation[] {
  const { rules } = circumstances;
  return [
    ...checkAlways(world, () => 0, rules),
    ...leftTasks(world, rules),
    ...looseAttachments(world, rules),
    ...leftCounters(world),
    ...waitingParents(world, circumstances),
  ];
}

function* leftTasks({ services, tasks }: World, rules: Rules) {
  const there = new Set(services.map(({ id }) => id));
  for (const task of tasks) {
    const { serviceId, id } = task;
    // A task that has ended is history, which its service may leave behind.
    if (there.has(serviceId) || hasEnded(task, rules)) continue;
    yield violation('S1', `task#${serviceId}#${id}`, `task ${id} is left of service#${serviceId}, which is gone`);
  }
}

/** References without a network or an attachment, and attachments without a reference. */
function* looseAttachments({ services, tasks, networks, attachments }: World, rules: Rules) {
  const pairOf = (held: string, holder: string) => JSON.stringify([held, holder]);
  const there = new Set(networks.map(({ id }) => heldName(id)));
  const attached = new Set(attachments.map(({ held, holder }) => pairOf(held, holder)));
  const referred = new Set<string>();
  for (const { key, references } of usersOf({ services, tasks }, rules)) {
    for (const held of references.map(heldName)) {
      const holder = itemName(key);
      const uses = `${holder} refers to ${held}`;
      referred.add(pairOf(held, holder));
      if (!there.has(held)) yield violation('S2', held, `${uses}, which is not there`);
      if (attached.has(pairOf(held, holder))) continue;
      const unprotected = `${uses} without an attachment, so nothing protects it`;
      yield violation('S2', attachmentSubject(held, holder), unprotected);
    }
  }
  for (const { held, holder } of attachments) {
    if (referred.has(pairOf(held, holder))) continue;
    const left = `an attachment to ${held} is left of ${holder}, which does not refer to it`;
    yield violation('S4', attachmentSubject(held, holder), left);
  }
}

function* leftCounters(world: World) {
  const parents = new Map(
    PARENT_KINDS.flatMap((kind) =>
      parentsIn(world, kind).map((parent) => [itemName({ kind, id: parent.id }), parent] as const),
    ),
  );
  for (const { id: name } of world.counters) {
    const parent = parents.get(name);
    if (parseParentName(name) === undefined || parent?.pendingDelete === true) continue;
    const state = parent === undefined ? 'gone' : 'not marked';
    yield violation('S4', name, `a counter is left of ${name}, which is ${state}; a sweep removes it`);
  }
}

/** Marked parents that should have gone, or that nothing will wake. */
function* waitingParents(world: World, circumstances: Circumstances) {
  const living = countChildren(world, circumstances.rules);
  const counters = new Set(world.counters.map(({ id }) => id));
  for (const kind of PARENT_KINDS) {
    for (const parent of parentsIn(world, kind)) {
      const name = itemName({ kind, id: parent.id });
      if (parent.pendingDelete !== true) continue;
      if (living.has(name)) {
        if (counters.has(name)) continue;
        yield violation('L1', name, `${name} is marked and drains, but has no counter to wake it; a sweep opens one`);
      } else if (holdOf(kind, parent, circumstances) === undefined) {
        yield violation('L1', name, `${name} is marked and has no children left, but is still there`);
      }
    }
  }
}

function violation(promise: Promised, subject: string, message: string): Violation {
  return { promise, subject, message };
}

/** The users of networks: services, and tasks that have not ended, where tasks hold networks too. */
export function usersOf(
  { services, tasks }: Pick<World, 'services' | 'tasks'>,
  rules: Rules,
): { key: ItemKey; references: readonly string[] }[] {
  const users: { key: ItemKey; references: readonly string[] }[] = services.map((service) => ({
    key: { kind: 'service', id: service.id },
    references: references(service),
  }));
  if (!rules.taskNetworks) return users;
  const holding = tasks.filter((task) => !hasEnded(task, rules));
  return users.concat(
    holding.map(({ serviceId, id, networks }) => {
      const key = taskKey(serviceId, id);
      return { key, references: referencedNetworks(key, taskNetworkLists(networks)) };
    }),
  );
}

const heldName = (id: string) => itemName(referredTo(id));

/** What a violation about an attachment, or about a missing one, calls it. */
export function attachmentSubject(held: string, holder: string): string {
  return `attachment#${held}#${holder}`;
}

function references(service: StoredParent): string[] {
  return referencedNetworks({ kind: 'service', id: service.id }, networkLists(service.spec));
}

function deleted(before: readonly StoredParent[], after: readonly StoredParent[]): StoredParent[] {
  const left = new Set(after.map(({ id }) => id));
  return before.filter(({ id }) => !left.has(id));
}

function holdOf(kind: string, { id, markedAt, ...parent }: StoredParent, circumstances: Circumstances) {
  const mark = { markedAt: typeof markedAt === 'string' ? markedAt : '', isProtected: parent.protected === true };
  return findHold({ key: { kind, id }, ...mark }, circumstances)?.because;
}

/** Whether a task counts as gone by its state. */
export function hasEnded({ status }: StoredTask, rules: Rules): boolean {
  return isGoneByState((status as { state?: unknown } | null | undefined)?.state, rules);
}

function newReceipts(before: World, after: World): StoredReceipt[] {
  const keyOf = ({ id, markedAt }: StoredReceipt) => JSON.stringify([id, markedAt]);
  const known = new Set(before.receipts?.map(keyOf));
  return (after.receipts ?? []).filter((receipt) => !known.has(keyOf(receipt)));
}

/** Everything that a receipt says has gone. */
function namesIn({ id, freed }: StoredReceipt): string[] {
  return [id, ...((freed ?? []) as { id: string }[]).map((network) => network.id)];
}

/** The number of each parent's children that are not gone, by the parent's name. */
export function countChildren(
  { tasks, attachments }: Pick<World, 'tasks' | 'attachments'>,
  rules: Rules,
): Map<string, number> {
  const living = new Map<string, number>();
  const add = (name: string) => living.set(name, (living.get(name) ?? 0) + 1);
  for (const task of tasks) if (!hasEnded(task, rules)) add(itemName({ kind: 'service', id: task.serviceId }));
  for (const { held } of attachments) if (parseHeldName(held)) add(held);
  return living;
}
