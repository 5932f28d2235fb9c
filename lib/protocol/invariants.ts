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
import { type Circumstances, findHold } from './decide.ts';
import { NETWORKS_PER_SERVICE_MAX } from './limits.ts';
import {
  attachmentName,
  networkLists,
  type ParentKey,
  type ParentKind,
  parentName,
  parseAttachmentName,
  parseParentName,
  referencedNetworks,
  taskNetworkLists,
  type UserKey,
  userName,
} from './model.ts';
import { DEFAULT_RULES, isGoneByState, type Rules } from './rules.ts';

/** The promises, as docs/design.md §5 numbers them. */
export type Promised = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'L1' | 'L2' | 'L3' | 'L4';

/** A promise that was found broken. */
export interface Violation {
  /** Which one: `S…` what never happens, `L…` what happens in the end. */
  readonly promise: Promised;
  /** What it is about: `service#web`, `attachment#front#web`, … */
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
  readonly attachments: readonly { readonly networkId: string; readonly serviceId: string }[];
  readonly counters: readonly { readonly id: string; readonly remaining: number }[];
  /** Absent where no receipts are kept: then they are not looked at. */
  readonly receipts?: readonly StoredReceipt[];
}

export interface StoredReceipt {
  readonly id: string;
  readonly markedAt: string;
  readonly freed?: unknown;
}

const KINDS = ['service', 'network'] as const satisfies readonly ParentKind[];

/** Without a grace period, any moment is as good as another. */
const UNDATED: Circumstances = { rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };

/** Holds at every moment. `unprocessed`: removal records of a parent's children that no function has counted yet. */
export function checkAlways(
  world: World,
  unprocessed: (parent: ParentKey) => number,
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

/** Holds for each single write, a raw one too, as long as only the deallocator deletes services and networks. */
export function checkStep(before: World, after: World, circumstances: Circumstances = UNDATED): Violation[] {
  const receipted = after.receipts && new Set(newReceipts(before, after).flatMap(namesIn));
  const violations: Violation[] = [];
  for (const kind of KINDS) {
    for (const parent of deleted(before[`${kind}s`], after[`${kind}s`])) {
      const name = parentName({ kind, id: parent.id });
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

  const hold = holdOf(parent, circumstances);
  if (parent.pendingDelete !== true) yield ['S3', 'without a mark'];
  if (hold === 'protected') yield ['S3', 'although it was protected'];
  if (hold === 'grace period') yield ['S3', 'before its grace period was over'];
  if (after.counters.some((counter) => counter.id === parentName({ kind, id }))) yield ['S6', 'without its counter'];
  if (!hasReceipt) yield ['S6', 'without a receipt'];

  for (const { key, references } of isService ? [] : usersOf(after, rules)) {
    if (references.includes(id)) yield ['S2', `while ${userName(key)} used it`];
  }
  const detached = isService ? references(parent).slice(0, NETWORKS_PER_SERVICE_MAX) : [];
  for (const { networkId, serviceId } of after.attachments) {
    if (isService && serviceId === id && detached.includes(networkId)) {
      yield ['S6', `without its attachment to network#${networkId}`];
    }
    if (!isService && networkId === id) yield ['S6', `without its attachment of ${holderName(serviceId, rules)}`];
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
  const pairOf = (networkId: string, user: string) => JSON.stringify([networkId, user]);
  const there = new Set(networks.map(({ id }) => id));
  const attached = new Set(attachments.map(({ networkId, serviceId }) => pairOf(networkId, serviceId)));
  const referred = new Set<string>();
  for (const { key, references } of usersOf({ services, tasks }, rules)) {
    for (const network of references) {
      const user = attachmentName(key);
      const uses = `${userName(key)} refers to network#${network}`;
      referred.add(pairOf(network, user));
      if (!there.has(network)) yield violation('S2', `network#${network}`, `${uses}, which is not there`);
      if (attached.has(pairOf(network, user))) continue;
      yield violation('S2', `attachment#${network}#${user}`, `${uses} without an attachment, so nothing protects it`);
    }
  }
  for (const { networkId, serviceId } of attachments) {
    if (referred.has(pairOf(networkId, serviceId))) continue;
    const left = `an attachment to network#${networkId} is left of ${holderName(serviceId, rules)}`;
    yield violation('S4', `attachment#${networkId}#${serviceId}`, `${left}, which does not refer to it`);
  }
}

function* leftCounters(world: World) {
  const parents = new Map(
    KINDS.flatMap((kind) => world[`${kind}s`].map((parent) => [parentName({ kind, id: parent.id }), parent] as const)),
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
  for (const kind of KINDS) {
    for (const parent of world[`${kind}s`]) {
      const name = parentName({ kind, id: parent.id });
      if (parent.pendingDelete !== true) continue;
      if (living.has(name)) {
        if (counters.has(name)) continue;
        yield violation('L1', name, `${name} is marked and drains, but has no counter to wake it; a sweep opens one`);
      } else if (holdOf(parent, circumstances) === undefined) {
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
): { key: UserKey; references: readonly string[] }[] {
  const users: { key: UserKey; references: readonly string[] }[] = services.map((service) => ({
    key: { kind: 'service', id: service.id },
    references: references(service),
  }));
  if (!rules.taskNetworks) return users;
  const holding = tasks.filter((task) => !hasEnded(task, rules));
  return users.concat(
    holding.map(({ serviceId, id, networks }) => {
      const key: UserKey = { kind: 'task', serviceId, id };
      return { key, references: referencedNetworks(attachmentName(key), taskNetworkLists(networks)) };
    }),
  );
}

function holderName(attached: string, rules: Rules): string {
  return userName(parseAttachmentName(attached, rules));
}

function references(service: StoredParent): string[] {
  return referencedNetworks(service.id, networkLists(service.spec));
}

function deleted(before: readonly StoredParent[], after: readonly StoredParent[]): StoredParent[] {
  const left = new Set(after.map(({ id }) => id));
  return before.filter(({ id }) => !left.has(id));
}

function holdOf({ markedAt, protected: isProtected }: StoredParent, circumstances: Circumstances) {
  const mark = { markedAt: typeof markedAt === 'string' ? markedAt : '', isProtected: isProtected === true };
  return findHold(mark, circumstances)?.because;
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
  const add = (key: ParentKey) => living.set(parentName(key), (living.get(parentName(key)) ?? 0) + 1);
  for (const task of tasks) if (!hasEnded(task, rules)) add({ kind: 'service', id: task.serviceId });
  for (const { networkId } of attachments) add({ kind: 'network', id: networkId });
  return living;
}
