/** Creates tasks behind the fence, and deletes them plainly. */
import { isNotThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import { listChildren } from '../dynamodb/reads.ts';
import { deletePlainly, put, putKey } from '../dynamodb/writes.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import { checkId, checkLimit, checkList, checkOptions, invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_WRITE_ITEMS_MAX, BLOCKERS_NAMED_MAX, TRANSACTION_ACTIONS_MAX } from '../protocol/limits.ts';
import { referredTo, taskKey } from '../protocol/model.ts';
import { chunks } from '../protocol/parallel.ts';
import { checkNew, checkTaskReferences } from './checks.ts';
import { fence } from './fence.ts';
import { unfit } from './refusals.ts';
import type { ListOptions, ListPage, NewTask, Task } from './types.ts';

export class Tasks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(serviceId: string, tasks: readonly NewTask[]): Promise<void> {
    checkId('service', serviceId);
    checkList('tasks', tasks);
    for (const task of tasks) checkNew('task', task);
    checkDistinct(tasks.map(({ id }) => id));
    const holding = tasks.map((task): Holding => {
      return { task, networks: this.#database.rules.taskNetworks ? checkTaskReferences(serviceId, task) : [] };
    });
    const done: string[] = [];
    // One after another: transactions that check the same service conflict with one another.
    for (const some of together(holding)) {
      try {
        await this.#createTogether(serviceId, some);
      } catch (error) {
        throw withDone(error, done);
      }
      done.push(...some.map(({ task }) => task.id));
    }
  }

  async delete(serviceId: string, ids: readonly string[]): Promise<void> {
    checkId('service', serviceId);
    checkList('ids', ids);
    for (const id of ids) checkId('task', id);
    const { requests, at } = this.#database;
    const givenUp = (left: number, tries: number) =>
      `${left} tasks of service ${serviceId} were left undeleted ${tries} times; delete them again later`;
    const done: string[] = [];
    for (const some of chunks([...new Set(ids)], BATCH_WRITE_ITEMS_MAX)) {
      try {
        const keys = some.map((id) => at.item(taskKey(serviceId, id)).Key);
        await deletePlainly(requests, at.table('tasks'), keys, givenUp);
      } catch (error) {
        throw withDone(error, done);
      }
      done.push(...some);
    }
  }

  async list(serviceId: string, options: ListOptions = {}): Promise<ListPage<Task>> {
    checkId('service', serviceId);
    checkOptions(options);
    const service: ItemKey = { kind: 'service', id: serviceId };
    const { items, next } = await listChildren(this.#database, service, checkLimit(options.limit), options.from);
    return { items: items as Task[], ...(next && { next }) };
  }

  async #createTogether(serviceId: string, holding: readonly Holding[]): Promise<void> {
    const tasks = holding.map(({ task }) => task);
    const networks = [...new Set(holding.flatMap((each) => each.networks))];
    const { requests, at } = this.#database;
    const puts = tasks.map((task) => {
      const address = at.item(taskKey(serviceId, task.id));
      return put(address.TableName, { ...task, serviceId }, isNotThere(address));
    });
    const attachments = holding.flatMap(({ task, networks: held }) => {
      const holder = taskKey(serviceId, task.id);
      return held.map((network) => putKey(at.attachment(referredTo(network), holder)));
    });
    const fences: readonly ItemKey[] = [
      { kind: 'service', id: serviceId },
      ...networks.map((id) => ({ kind: 'network' as const, id })),
    ];
    const created = await requests.transact([
      ...fences.map((parent) => fence(this.#database, parent)),
      ...puts,
      ...attachments,
    ]);
    if (created.status === 'committed') return;
    const names = tasks.length === 1 ? `task ${tasks[0]?.id} was` : `its ${tasks.length} new tasks were`;
    const refused = created.places.find(({ place }) => place < fences.length);
    if (refused) {
      const { kind, id } = fences[refused.place] as ItemKey;
      throw unfit(kind, id, refused.found, `${names} not created`);
    }
    const existing = created.places.map(({ place }) => tasks[place - fences.length]?.id);
    throw new DeallocatorError(
      'AlreadyExists',
      `service ${serviceId} has task ${existing.slice(0, BLOCKERS_NAMED_MAX).join(', ')} already, so ${names} not created; choose other ids`,
    );
  }
}

/** A new task, and the networks that it holds itself. */
interface Holding {
  readonly task: NewTask;
  readonly networks: readonly string[];
}

/** Groups that fit one transaction each: the service's fence, the tasks, their attachments, and a fence for each network. */
function together(holding: readonly Holding[]): Holding[][] {
  const groups: Holding[][] = [];
  let fenced = new Set<string>();
  let actions = Number.POSITIVE_INFINITY;
  for (const each of holding) {
    const cost = () => 1 + each.networks.length + each.networks.filter((network) => !fenced.has(network)).length;
    if (actions + cost() > TRANSACTION_ACTIONS_MAX) {
      groups.push([]);
      fenced = new Set();
      actions = 1;
    }
    actions += cost();
    groups.at(-1)?.push(each);
    for (const network of each.networks) fenced.add(network);
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

/** A bulk request that stopped on its way says what was done before. */
function withDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof DeallocatorError) || done.length === 0) return error;
  const { code, message, cause, blockers } = error;
  return new DeallocatorError(code, `${message} (${done.length} before it were done)`, { cause, blockers, done });
}
