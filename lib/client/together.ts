/** Many of SwarmKit's objects at once, and those that are there of many. */
import type { Database } from '../dynamodb/database.ts';
import type { Item } from '../dynamodb/requests.ts';
import { checkList, checkOptions } from '../protocol/arguments.ts';
import { checkedKey } from './ids.ts';
import type { Network, NewNetwork, NewService, Service, Task } from './types.ts';

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

/** Strongly consistent, those that are there, in any order. The keys must differ. */
export async function findTogether(database: Database, keys: ObjectKeys): Promise<FoundObjects> {
  checkOptions(keys);
  const { networks = [], services = [], tasks = [] } = keys;
  for (const [name, list] of Object.entries({ networks, services, tasks })) checkList(name, list);
  const wanted = {
    network: networks as readonly unknown[],
    service: services as readonly unknown[],
    task: tasks.map((task) => {
      checkOptions(task);
      return { service: task.serviceId, task: task.id };
    }),
  };
  const found = await Promise.all(Object.entries(wanted).map(([kind, ids]) => find(database, kind, ids)));
  return { networks: found[0] as Network[], services: found[1] as Service[], tasks: found[2] as Task[] };
}

function find(database: Database, kind: string, ids: readonly unknown[]): Promise<Item[]> {
  const keys = ids.map((id) => database.at.item(checkedKey(database.plan, kind, id)).Key);
  return database.requests.batchGet(database.at.tableOf(kind), keys);
}
