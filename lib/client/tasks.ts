/** The tasks of one service: created behind its fence, many at a time, and deleted plainly. */
import type { Database } from '../dynamodb/database.ts';
import { partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { checkList, invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX, TRANSACTION_ACTIONS_MAX } from '../protocol/limits.ts';
import { checkedKey } from './ids.ts';
import { deleteItems, listUnder, withDone } from './lists.ts';
import { createItems, fencesOf, itemGiven, type NewItem, newItem } from './new-items.ts';
import type { ListOptions, ListPage, NewTask, Task } from './types.ts';

export async function createTasks(database: Database, serviceId: string, tasks: readonly NewTask[]): Promise<void> {
  const { plan } = database;
  checkedKey(plan, 'service', serviceId);
  checkList('tasks', tasks);
  const all = tasks.map((task) => newItem(plan, 'task', { ...itemGiven(plan, 'task', task), serviceId }));
  const idOf = ({ key }: Pick<NewItem, 'key'>) => partsOfKey(plan, key).task as string;
  checkDistinct(all.map(idOf));
  const done: string[] = [];
  // One after another: transactions that check the same service conflict with one another.
  for (const some of together(all)) {
    const [first] = some;
    const names = some.length === 1 && first ? `task ${idOf(first)} was` : `its ${some.length} new tasks were`;
    const existing = (keys: readonly ItemKey[]) => {
      const ids = keys.slice(0, BLOCKERS_NAMED_MAX).map((key) => idOf({ key }));
      const there = `service ${serviceId} has task ${ids.join(', ')} already`;
      return new DeallocatorError('AlreadyExists', `${there}, so ${names} not created; choose other ids`);
    };
    try {
      await createItems(database, some, `${names} not created`, existing);
    } catch (error) {
      throw withDone(error, done);
    }
    done.push(...some.map(idOf));
  }
}

export async function deleteTasks(database: Database, serviceId: string, ids: readonly string[]): Promise<void> {
  const { plan } = database;
  const keys = taskKeys(database, serviceId, ids);
  const nameOf = (key: ItemKey) => partsOfKey(plan, key).task as string;
  await deleteItems(database, 'task', keys, { what: `tasks of service ${serviceId}`, nameOf });
}

export async function listTasks(
  database: Database,
  serviceId: string,
  options: ListOptions = {},
): Promise<ListPage<Task>> {
  const service = checkedKey(database.plan, 'service', serviceId);
  return (await listUnder(database, 'task', service, options)) as ListPage<Task>;
}

function taskKeys({ plan }: Database, serviceId: string, ids: readonly string[]): ItemKey[] {
  checkedKey(plan, 'service', serviceId);
  checkList('ids', ids);
  return ids.map((id) => checkedKey(plan, 'task', { service: serviceId, task: id }));
}

/** Groups that fit one transaction each: the service's fence, the tasks, their attachments, and a fence for each network. */
function together(all: readonly NewItem[]): NewItem[][] {
  const groups: NewItem[][] = [];
  let fenced = new Set<string>();
  let actions = Number.POSITIVE_INFINITY;
  for (const each of all) {
    const wanted = fencesOf([each]).map(itemName);
    const cost = () => 1 + each.held.length + wanted.filter((name) => !fenced.has(name)).length;
    if (actions + cost() > TRANSACTION_ACTIONS_MAX) {
      groups.push([]);
      fenced = new Set();
      actions = 0;
    }
    actions += cost();
    groups.at(-1)?.push(each);
    for (const name of wanted) fenced.add(name);
  }
  return groups;
}

function checkDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw invalid(`task ${id} was given twice; ids are unique among the tasks of a service`);
    seen.add(id);
  }
}
