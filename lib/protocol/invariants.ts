/**
 * The promises of DESIGN §4 as checks, one function a kind of moment. Unit, scenario and integration tests, the demo and
 * the CLI's audit all use these; none of them has a copy.
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
  parentName,
  parseAttachmentName,
  parseParentName,
  referencedNetworks,
  taskNetworkLists,
  type UserKey,
  userName,
} from './model.ts';
import { DEFAULT_RULES, isGoneByState, type Rules } from './rules.ts';

export type Promised = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'L1' | 'L2' | 'L3' | 'L4';

export interface Violation {
  readonly promise: Promised;
  /** What it is about: `service#web`, `attachment#front#web`, … */
  readonly subject: string;
  /** A sentence for whoever must act. */
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
  /** Absent where nobody keeps them: then they are not looked at. */
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
  unprocessed: (parent: ParentKey) => number,
  rules: Rules = DEFAULT_RULES,
): Violation[] {
  const living = countChildren(world, rules);
  return world.counters.flatMap(({ id, remaining }) => {
    const parent = parseParentName(id);
    if (parent === undefined) return [];
    const children = living.get(id) ?? 0;
    const most = children + unprocessed(parent);
    return remaining <= most
      ? []
      : [
          {
            promise: 'S7' as const,
            subject: id,
            message: `the counter of ${id} says ${remaining}, but only ${children} children are left and ${most - children} removals are not counted yet; a sweep sets it right`,
          },
        ];
  });
}

/** Holds for each single write, whoever made it, as long as services and networks are deleted by the deallocator alone. */
export function checkStep(before: World, after: World, circumstances: Circumstances = UNDATED): Violation[] {
  const violations: Violation[] = [];
  const add = (promise: Promised, subject: string, message: string) => violations.push({ promise, subject, message });
  const countersAfter = new Set(after.counters.map(({ id }) => id));
  const receipted = after.receipts && new Set(newReceipts(before, after).flatMap(namesIn));
  const checkParent = (name: string, parent: StoredParent) => {
    const hold = holdOf(parent, circumstances);
    if (parent.pendingDelete !== true) add('S3', name, `${name} was deleted without a mark`);
    if (hold === 'protected') add('S3', name, `${name} was deleted although it was protected`);
    if (hold === 'grace period') add('S3', name, `${name} was deleted before its grace period was over`);
    if (countersAfter.has(name)) add('S6', name, `${name} was deleted without its counter`);
    if (receipted?.delete(name) === false) add('S6', name, `${name} was deleted without a receipt`);
  };

  for (const service of gone(before.services, after.services)) {
    const name = parentName({ kind: 'service', id: service.id });
    const tasks = before.tasks.filter((task) => task.serviceId === service.id && !isGone(task, circumstances.rules));
    if (tasks.length > 0) add('S1', name, `${name} was deleted while ${tasks.length} of its tasks existed`);
    checkParent(name, service);
    const detached = new Set(references(service).slice(0, NETWORKS_PER_SERVICE_MAX));
    for (const { networkId, serviceId } of after.attachments) {
      if (serviceId === service.id && detached.has(networkId)) {
        add('S6', name, `${name} was deleted without its attachment to network#${networkId}`);
      }
    }
  }
  for (const network of gone(before.networks, after.networks)) {
    const name = parentName({ kind: 'network', id: network.id });
    checkParent(name, network);
    for (const { key, references } of usersOf(after, circumstances.rules)) {
      if (references.includes(network.id)) add('S2', name, `${name} was deleted while ${userName(key)} used it`);
    }
    for (const { networkId, serviceId } of after.attachments) {
      if (networkId === network.id)
        add('S6', name, `${name} was deleted without its attachment of ${holderName(serviceId, circumstances.rules)}`);
    }
  }
  for (const name of receipted ?? []) add('S4', name, `a receipt says that ${name} was deleted, which it was not`);
  return violations;
}

/** Holds once every record has been delivered and every function has returned. */
export function checkRest(world: World, circumstances: Circumstances = UNDATED): Violation[] {
  const { rules } = circumstances;
  const violations = checkAlways(world, () => 0, rules);
  const add = (promise: Promised, subject: string, message: string) => violations.push({ promise, subject, message });
  const services = new Map(world.services.map((service) => [service.id, service]));
  const networks = new Map(world.networks.map((network) => [network.id, network]));
  const living = countChildren(world, rules);
  const counters = new Set(world.counters.map(({ id }) => id));

  for (const task of world.tasks) {
    const { serviceId, id } = task;
    // One that has ended is history, which its service may leave behind.
    if (!services.has(serviceId) && !isGone(task, rules))
      add('S1', `task#${serviceId}#${id}`, `task ${id} is left of service#${serviceId}, which is gone`);
  }
  const attachments = new Set(
    world.attachments.map(({ networkId, serviceId }) => JSON.stringify([networkId, serviceId])),
  );
  const referred = new Set<string>();
  for (const { key, references } of usersOf(world, rules)) {
    for (const network of references) {
      const pair = JSON.stringify([network, attachmentName(key)]);
      referred.add(pair);
      const uses = `${userName(key)} refers to network#${network}`;
      if (!networks.has(network)) add('S2', `network#${network}`, `${uses}, which is not there`);
      if (!attachments.has(pair)) {
        add(
          'S2',
          `attachment#${network}#${attachmentName(key)}`,
          `${uses} without an attachment, so nothing protects it`,
        );
      }
    }
  }
  for (const { networkId, serviceId } of world.attachments) {
    if (referred.has(JSON.stringify([networkId, serviceId]))) continue;
    add(
      'S4',
      `attachment#${networkId}#${serviceId}`,
      `an attachment to network#${networkId} is left of ${holderName(serviceId, rules)}, which does not refer to it`,
    );
  }
  for (const id of counters) {
    const key = parseParentName(id);
    if (key === undefined) continue;
    const parent = (key.kind === 'service' ? services : networks).get(key.id);
    if (parent?.pendingDelete !== true) {
      add(
        'S4',
        id,
        `a counter is left of ${id}, which is ${parent === undefined ? 'gone' : 'not marked'}; a sweep removes it`,
      );
    }
  }
  for (const [kind, parents] of [['service', world.services] as const, ['network', world.networks] as const]) {
    for (const parent of parents) {
      const name = parentName({ kind, id: parent.id });
      if (parent.pendingDelete !== true) continue;
      const children = living.get(name) ?? 0;
      if (children === 0 && holdOf(parent, circumstances) !== undefined) continue;
      if (children === 0) add('L1', name, `${name} is marked and has no children left, but is still there`);
      else if (!counters.has(name))
        add('L1', name, `${name} is marked and drains, but has no counter to wake it; a sweep opens one`);
    }
  }
  return violations;
}

/** Whoever refers to networks: services, and tasks where these hold networks too, and have not ended. */
export function usersOf(
  { services, tasks }: Pick<World, 'services' | 'tasks'>,
  rules: Rules,
): { key: UserKey; references: readonly string[] }[] {
  const users: { key: UserKey; references: readonly string[] }[] = services.map((service) => ({
    key: { kind: 'service', id: service.id },
    references: references(service),
  }));
  if (!rules.taskNetworks) return users;
  const holding = tasks.filter((task) => !isGone(task, rules));
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

function gone(before: readonly StoredParent[], after: readonly StoredParent[]): StoredParent[] {
  const left = new Set(after.map(({ id }) => id));
  return before.filter(({ id }) => !left.has(id));
}

function holdOf({ markedAt, protected: isProtected }: StoredParent, circumstances: Circumstances) {
  const mark = { markedAt: typeof markedAt === 'string' ? markedAt : '', isProtected: isProtected === true };
  return findHold(mark, circumstances)?.because;
}

function isGone({ status }: StoredTask, rules: Rules): boolean {
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

export function countChildren(world: Pick<World, 'tasks' | 'attachments'>, rules: Rules): Map<string, number> {
  const living = new Map<string, number>();
  const add = (name: string) => living.set(name, (living.get(name) ?? 0) + 1);
  for (const task of world.tasks) {
    if (!isGone(task, rules)) add(parentName({ kind: 'service', id: task.serviceId }));
  }
  for (const { networkId } of world.attachments) add(parentName({ kind: 'network', id: networkId }));
  return living;
}
