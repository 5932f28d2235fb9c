/** Creates and reads many objects with one request, each behind the same conditions as alone. */
import { isNotThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import type { Action, Item } from '../dynamodb/requests.ts';
import { put, putKey, TELLING } from '../dynamodb/writes.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { checkId, checkList, checkOptions, invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { TRANSACTION_ACTIONS_MAX } from '../protocol/limits.ts';
import { type ParentKind, referredTo, taskKey } from '../protocol/model.ts';
import { checkNew, checkReferences, checkTaskReferences } from './checks.ts';
import { fence } from './fence.ts';
import { alreadyExists, unfit } from './refusals.ts';
import type { Network, NewNetwork, NewService, NewTask, Service, Task } from './types.ts';

/** Objects that are created by one transaction. */
export interface NewObjects {
  /** Networks to create. @default none */
  readonly networks?: readonly NewNetwork[];
  /** Services to create; their networks are there, or are created with them. @default none */
  readonly services?: readonly NewService[];
  /** Tasks to create; their services are there, or are created with them. @default none */
  readonly tasks?: readonly Task[];
}

/** Which objects to read together. */
export interface ObjectKeys {
  /** Ids of networks. @default none */
  readonly networks?: readonly string[];
  /** Ids of services. @default none */
  readonly services?: readonly string[];
  /** Tasks, each by the ids of its service and of its own. @default none */
  readonly tasks?: readonly Pick<Task, 'serviceId' | 'id'>[];
}

/** Those of the objects that are there. */
export interface FoundObjects {
  /** In no order. */
  readonly networks: readonly Network[];
  /** In no order. */
  readonly services: readonly Service[];
  /** In no order. */
  readonly tasks: readonly Task[];
}

/** A new object and its networks. */
interface Planned {
  readonly put: Action;
  readonly references: readonly string[];
  readonly key: ItemKey;
  readonly refused: (found: Item | undefined) => DeallocatorError;
}

export async function createTogether(database: Database, objects: NewObjects): Promise<void> {
  checkOptions(objects);
  const { networks = [], services = [], tasks = [] } = objects;
  for (const [name, list] of Object.entries({ networks, services, tasks })) checkList(name, list);
  const planned = [
    ...networks.map((network) => plannedParent(database, 'network', network)),
    ...services.map((service) => plannedParent(database, 'service', service)),
    ...tasks.map((task) => plannedTask(database, task)),
  ];
  if (planned.length === 0) return;
  const created = new Set([
    ...networks.map(({ id }) => itemName({ kind: 'network', id })),
    ...services.map(({ id }) => itemName({ kind: 'service', id })),
  ]);
  const { at, requests } = database;
  // Created in the same transaction, a parent is there and not marked: the condition of its own put says so.
  const fences = [
    ...[...new Set(planned.flatMap(({ references }) => references))].map(referredTo),
    ...[...new Set(tasks.map(({ serviceId }) => serviceId))].map((id): ItemKey => ({ kind: 'service', id })),
  ].filter((parent) => !created.has(itemName(parent)));
  const actions = [
    ...fences.map((parent) => fence(database, parent)),
    ...planned.map((each) => each.put),
    ...planned.flatMap(({ references, key }) => references.map((id) => putKey(at.attachment(referredTo(id), key)))),
  ];
  if (actions.length > TRANSACTION_ACTIONS_MAX) {
    throw invalid(
      `${planned.length} objects take ${actions.length} actions, and one transaction holds ${TRANSACTION_ACTIONS_MAX}; create fewer together`,
    );
  }
  const done = await requests.transact(actions);
  if (done.status === 'committed') return;
  for (const { place, found } of done.places) {
    const parent = fences[place];
    if (parent !== undefined) throw unfit(parent.kind, parent.id, found, `${planned.length} objects were not created`);
    throw (planned[place - fences.length] as Planned).refused(found);
  }
}

/** Strongly consistent, those that are there, in any order. The keys must differ. */
export async function findTogether(database: Database, keys: ObjectKeys): Promise<FoundObjects> {
  checkOptions(keys);
  const { requests, at } = database;
  const { networks = [], services = [], tasks = [] } = keys;
  for (const [name, list] of Object.entries({ networks, services, tasks })) checkList(name, list);
  for (const id of networks) checkId('network', id);
  for (const id of services) checkId('service', id);
  for (const task of tasks) {
    checkOptions(task);
    checkId('service', task.serviceId);
    checkId('task', task.id);
  }
  const found = await Promise.all([
    requests.batchGet(
      at.table('networks'),
      networks.map((id) => ({ id })),
    ),
    requests.batchGet(
      at.table('services'),
      services.map((id) => ({ id })),
    ),
    requests.batchGet(
      at.table('tasks'),
      tasks.map(({ serviceId, id }) => ({ serviceId, id })),
    ),
  ]);
  return { networks: found[0] as Network[], services: found[1] as Service[], tasks: found[2] as Task[] };
}

function plannedParent({ at }: Database, kind: ParentKind, item: NewNetwork | NewService): Planned {
  checkNew(kind, item);
  return {
    put: put(at.tableOf(kind), item, isNotThere(at.item({ kind, id: item.id })), TELLING),
    references: kind === 'service' ? checkReferences(item.id, item.spec) : [],
    key: { kind, id: item.id },
    refused: (found) => alreadyExists(kind, item.id, found),
  };
}

function plannedTask({ at, rules }: Database, task: NewTask & { readonly serviceId: string }): Planned {
  checkNew('task', task);
  const { serviceId, id } = task;
  checkId('service', serviceId);
  return {
    put: put(at.table('tasks'), task, isNotThere(at.item(taskKey(serviceId, id)))),
    references: rules.taskNetworks ? checkTaskReferences(serviceId, task) : [],
    key: taskKey(serviceId, id),
    refused: () =>
      new DeallocatorError('AlreadyExists', `service ${serviceId} has task ${id} already; choose another id`),
  };
}
